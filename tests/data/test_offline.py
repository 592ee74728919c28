"""Offline samples in tokens: the three layouts, what is supervised, and the release's own documents."""

from __future__ import annotations

import dataclasses
import json
import lzma
from pathlib import Path

import numpy as np
import pytest

from soundflow.audio.decode import read_audio
from soundflow.data.annotate import MASK
from soundflow.data.offline import annotate_offline, annotate_recording, trained_part
from soundflow.data.release_lines import document, from_document, offline_line
from soundflow.data.release_streams import encoder_frames
from soundflow.data.timeline import Reply
from soundflow.errors import InputError
from soundflow.model.config import audio_interaction_3b
from soundflow.model.tokens import Grammar, TextTokenizer, own_control_tokens
from soundflow.testing.model import byte_tokenizer

GRAMMAR = Grammar(own_control_tokens(), byte_tokenizer(), 2, "Listen.")
CONTROL = GRAMMAR.control


def test_a_recording_a_question_and_an_answer() -> None:
    stream = annotate_offline("How many?", 3, "Two.", GRAMMAR)
    said = GRAMMAR.answer("Two.")
    given = [*GRAMMAR.offline_prefix(None), *GRAMMAR.recording(3), *GRAMMAR.user("How many?")]
    assert stream.input_ids.tolist() == given + said
    assert stream.y_lm.tolist() == [MASK] * len(given) + said
    assert said[:2] == [CONTROL.assistant, CONTROL.text_begin] and said[-1] == CONTROL.eos
    assert set(stream.y_stream) == {MASK} and not len(stream.decision_at)
    assert stream.is_audio.sum() == 3 and set(stream.input_ids[stream.is_audio]) == {CONTROL.offline_audio_pad}


def test_a_model_can_hear_a_recording_as_a_stream_with_the_question_ahead() -> None:
    grammar = dataclasses.replace(GRAMMAR, layout="stream")
    slots = 2 * grammar.audio_positions
    stream = annotate_offline("How many?", slots, "Two.", grammar)
    said, given = grammar.answer("Two."), [*grammar.prefix("How many?"), *grammar.recording(slots)]
    assert stream.is_audio.sum() == slots and CONTROL.silent in given
    assert stream.input_ids.tolist() == given + said
    assert stream.y_lm.tolist() == [MASK] * len(given) + said


def test_an_answer_about_a_recording_is_decided_where_it_is_due() -> None:
    stream = annotate_recording("How many?", 3, Reply("Two."), 1, GRAMMAR)
    chunk = [CONTROL.audio_begin, *[CONTROL.offline_audio_pad] * GRAMMAR.audio_positions, CONTROL.assistant]
    said = [CONTROL.response, *GRAMMAR.reply("Two.", None)]
    given = GRAMMAR.prefix("How many?")
    assert stream.input_ids.tolist() == [*given, *chunk, CONTROL.silent, *chunk, *said, *chunk, CONTROL.silent]
    assert stream.y_stream[stream.decision_at].tolist() == [CONTROL.silent, CONTROL.response, CONTROL.silent]
    assert stream.y_lm[stream.y_lm != MASK].tolist() == said[1:]


def test_an_answer_that_is_due_at_a_recordings_end_is_asked_for() -> None:
    grammar = dataclasses.replace(GRAMMAR, layout="stream")
    stream = annotate_recording("How many?", 2, Reply("Two."), 1, grammar)
    asked = [*grammar.first_turn(None, "How many?", 2 * grammar.audio_positions), *grammar.answer("Two.")]
    assert stream.input_ids.tolist() == asked, "as it is asked of the model"
    assert stream.y_stream[stream.decision_at].tolist() == [CONTROL.silent, MASK]


def test_recording_and_question_can_each_be_left_out() -> None:
    alone, asked = annotate_offline(None, 3, "Two.", GRAMMAR), annotate_offline("How many?", 0, "Two.", GRAMMAR)
    assert CONTROL.user not in alone.input_ids and alone.is_audio.sum() == 3
    assert CONTROL.audio_begin not in asked.input_ids and not asked.is_audio.any()
    with pytest.raises(InputError, match="neither a recording nor"):
        annotate_offline(None, 0, "Two.", GRAMMAR)


def test_training_hears_twenty_seconds() -> None:
    assert len(trained_part(np.zeros(400_000, np.float32))) == 320_000
    assert len(trained_part(np.zeros(1000, np.float32))) == 1000


@pytest.mark.parametrize("kind", ["A_T_T", "A_T", "T_T"])
def test_the_releases_documents(shared_dir: Path, tmp_path: Path, kind: str) -> None:
    kit = shared_dir / "compat"
    (tmp_path / "tokenizer.json").write_bytes(lzma.decompress((kit / "checkpoint/tokenizer.json.xz").read_bytes()))
    config = audio_interaction_3b()
    tokenizer = TextTokenizer.from_file(tmp_path / "tokenizer.json")
    grammar = Grammar(config.control, tokenizer, 10, config.default_instruction)
    golden = next(g for g in json.loads((kit / "golden/offline.json").read_text()) if g["kind"] == kind)
    line = offline_line({"user": golden["user"], "assistant": golden["assistant"], "audio_path": golden["audio"]})
    sound = None if line.audio is None else trained_part(read_audio(kit / "audio" / line.audio))
    stream = annotate_offline(line.user, 0 if sound is None else encoder_frames(len(sound)), line.answer, grammar)
    wanted = {name: golden[name] for name in ("input_ids", "labels", "audio_pos")}
    assert document(stream) == wanted
    again = from_document({"tasks": "offline", **wanted})
    assert all(np.array_equal(getattr(again, n), getattr(stream, n)) for n in ("y_stream", "y_lm", "is_audio"))
