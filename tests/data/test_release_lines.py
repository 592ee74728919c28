"""Lines of the release's training data: turns, markers, emotions, faults, and documents there and back."""

from __future__ import annotations

import json
import logging
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundflow.data.annotate import annotate
from soundflow.data.release_lines import (
    OfflineLine,
    OnlineTurn,
    audio_spans,
    document,
    emotion_of,
    from_document,
    offline_line,
    online_line,
    read_lines,
)
from soundflow.data.timeline import Reply
from soundflow.errors import InputError
from soundflow.model.tokens import Grammar, own_control_tokens
from soundflow.testing.model import byte_tokenizer

GRAMMAR = Grammar(own_control_tokens(), byte_tokenizer(), 2, "Listen.")


def test_a_conversation_is_turns_with_a_reply_and_its_tone() -> None:
    turns = [
        {"audio_path": "a.wav", "assistant": "Hello.", "emotion": "Happy"},
        {"audio_path": "b.wav", "assistant": "One.", "emotion": None},
        {"audio_path": "c.wav", "assistant": "Two."},
    ]
    assert online_line({"conversation": turns}) == (
        OnlineTurn("a.wav", Reply("Hello.", "happy")),
        OnlineTurn("b.wav", Reply("One.", "normal")),
        OnlineTurn("c.wav", Reply("Two.", "normal")),
    )


def test_a_line_of_one_turn_has_a_merged_recording() -> None:
    line = {"merge_path": "a.wav", "assistant": "One dog.", "emotion": "URGENT"}
    assert online_line(line) == (OnlineTurn("a.wav", Reply("One dog.", "urgent")),)


@pytest.mark.parametrize("marker", ["<no need to response>", " <No need to response> ", "NO NEED TO RESPONSE\n"])
def test_a_marker_stands_for_silence(marker: str) -> None:
    assert online_line({"merge_path": "a.wav", "assistant": marker}) == (OnlineTurn("a.wav", None),)


def test_an_emotion_that_does_not_exist_is_normal_and_said_once(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert [emotion_of(name) for name in ("Bored", "bored", 3, "SAD")] == ["normal", "normal", "normal", "sad"]
    assert [r.getMessage() for r in caplog.records] == ["there is no emotion 'bored'; normal stands in for it"]


def test_offline_lines_are_flat_or_the_first_turn() -> None:
    first = {"user": "How many?", "assistant": "Two.", "audio_path": "a.wav"}
    assert offline_line(first) == OfflineLine("a.wav", "How many?", "Two.")
    assert offline_line({"conversation": [first, {"assistant": "More."}]}) == OfflineLine("a.wav", "How many?", "Two.")
    assert offline_line({"merge_path": "a.wav", "assistant": "Two.", "user": "None"}) == OfflineLine(
        "a.wav", None, "Two."
    )
    assert offline_line({"user": "How many?", "assistant": "Two."}) == OfflineLine(None, "How many?", "Two.")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "the line has no `merge_path`"),
        ({"merge_path": "a.wav"}, "the line has no `assistant`"),
        ({"merge_path": 3, "assistant": "x"}, "`merge_path` is 3|`audio_path` is 3|is 3, expected a text"),
        ({"conversation": [{"audio_path": "a.wav"}]}, "turn 0 has no `assistant`"),
        ({"conversation": ["a.wav"]}, "turn 0 is no object"),
        ({"conversation": {"a": 1}}, "`conversation` is no list"),
    ],
)
def test_a_bad_online_line_says_what_is_wrong(values: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        online_line(values)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"user": "x"}, "no `assistant` text"),
        ({"assistant": "x"}, "neither audio nor `user` text"),
        ({"assistant": "x", "user": 3}, "`user` is 3"),
    ],
)
def test_a_bad_offline_line_says_what_is_wrong(values: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        offline_line(values)


def test_a_bad_line_stops_nothing(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    good = json.dumps({"merge_path": "a.wav", "assistant": "é"}, ensure_ascii=False)
    path.write_text(f"{good}\n{{\n[]\n{{}}\n{good}\n", encoding="utf-8")
    found = dict(read_lines(path, online_line))
    assert found[0] == found[4] == (OnlineTurn("a.wav", Reply("é", "normal")),)
    faults = [str(found[i]) for i in (1, 2, 3)]
    assert [f"line {i}" in fault for i, fault in zip((1, 2, 3), faults, strict=True)] == [True] * 3
    assert "no JSON" in faults[0] and "no object" in faults[1] and "no `merge_path`" in faults[2]
    with pytest.raises(InputError, match="cannot read"):
        list(read_lines(tmp_path / "gone.jsonl", online_line))


@given(
    chunks=st.integers(1, 6),
    replies=st.dictionaries(st.integers(0, 5), st.text("abc ", max_size=5), max_size=3),
)
def test_a_stream_and_its_document_are_the_same(chunks: int, replies: dict[int, str]) -> None:
    due = [(chunk, Reply(text, "sad")) for chunk, text in sorted(replies.items()) if chunk < chunks]
    stream = annotate(None, chunks, due, GRAMMAR)
    written = document(stream)
    assert len(written["audio_pos"]) == chunks
    again = from_document(json.loads(json.dumps(written)))
    for name in ("input_ids", "y_stream", "y_lm", "is_audio", "decision_at"):
        assert np.array_equal(getattr(again, name), getattr(stream, name)), name


@given(st.lists(st.booleans()))
def test_spans_are_the_runs(is_audio: list[bool]) -> None:
    spans = audio_spans(np.array(is_audio, np.bool_))
    covered = [any(start <= i < end for start, end in spans) for i in range(len(is_audio))]
    assert covered == is_audio
    assert all(before[1] < after[0] for before, after in pairwise(spans))


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"input_ids": [1, 2], "labels": [1]},
        {"input_ids": [1, "x"], "labels": [1, 2]},
        {"input_ids": [1, 2], "labels": [1, 2], "audio_pos": [[0, 9]]},
        {"input_ids": [1, 2], "labels": [1, 2], "audio_pos": [[0, 1], [1]]},
        {"input_ids": [1, 2], "labels": [1, 2], "audio_pos": [0, 1]},
        {"input_ids": [[1], [2]], "labels": [1, 2]},
    ],
)
def test_a_document_that_is_none_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        from_document(values)
