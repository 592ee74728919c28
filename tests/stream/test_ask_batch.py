"""Questions out of one file, answers into another: rows, faults, and going on after a kill."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundflow.audio.decode import write_wav
from soundflow.errors import InputError, OutsideError, UsageError
from soundflow.model.bundle import Bundle
from soundflow.stream import ask_batch
from soundflow.stream.ask_batch import AskBatch, AskOutcome, read_rows
from soundflow.testing.model import Script, ScriptedReply, answering_bundle

ROWS = [
    {"id": "a", "question": "How many?"},
    {"audio": "horn.wav"},
    {"id": 7, "audio": "horn.wav", "question": "Which?"},
]


@pytest.fixture
def bundle() -> Bundle:
    """Answers every first question alike."""
    return answering_bundle(Script({0: ScriptedReply("Two.", "urgent")}))


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    """Three rows and the recording they name."""
    write_wav(tmp_path / "horn.wav", np.zeros(8000, np.float32))
    path = tmp_path / "questions.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return path


def answer_all(batch: AskBatch) -> None:
    for row in batch.missing:
        batch.answer(row)


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_each_row_gets_its_answer_beside_what_was_asked(bundle: Bundle, questions: Path, tmp_path: Path) -> None:
    batch = AskBatch(bundle, questions, tmp_path / "out" / "answers.jsonl")
    answer_all(batch)
    said = {"model": "answering", "text": "Two.", "emotion": "urgent", "reason": "eos", "tokens": 4}
    assert rows_of(tmp_path / "out" / "answers.jsonl") == [
        {"line": 1, "id": "a", "question": "How many?", **said},
        {"line": 2, "audio": "horn.wav", **said},
        {"line": 3, "id": 7, "audio": "horn.wav", "question": "Which?", **said},
    ]
    assert batch.outcome == AskOutcome(answered=3, failed=0, kept=0, missing=0)


BAD_LINES = [
    ("{", "line 2: no JSON"),
    ("[1]", "line 2: not an object"),
    ('{"audo": "horn.wav"}', "unknown field 'audo', did you mean 'audio'?"),
    ('{"question": 5}', "question is 5, expected a text"),
    ('{"id": "b"}', "neither a question nor a recording"),
    ('{"audio": "gone.wav"}', "there is no file"),
    ('{"question": "\\ud800"}', "surrogate"),
    ("[" * 100_000, "line 2: no JSON"),
]


@pytest.mark.parametrize(("line", "said"), BAD_LINES)
def test_a_bad_line_becomes_an_error_and_stops_nothing(
    bundle: Bundle, questions: Path, tmp_path: Path, line: str, said: str
) -> None:
    questions.write_text(f'{{"question": "One?"}}\n{line}\n{{"question": "Two?"}}\n')
    batch = AskBatch(bundle, questions, tmp_path / "answers.jsonl")
    answer_all(batch)
    first, bad, last = rows_of(tmp_path / "answers.jsonl")
    assert (first["text"], last["text"], bad["line"]) == ("Two.", "Two.", 2)
    assert said in bad["error"]["message"] and bad["error"]["code"] and "text" not in bad
    assert batch.outcome == AskOutcome(answered=2, failed=1, kept=0, missing=0)
    assert not AskBatch(bundle, questions, tmp_path / "answers.jsonl").missing


def test_a_fault_of_ours_in_one_row_costs_only_that_row(
    bundle: Bundle, questions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(path: Path) -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(ask_batch, "iter_audio", broken)
    batch = AskBatch(bundle, questions, tmp_path / "answers.jsonl")
    answer_all(batch)
    errors = [row.get("error", {}).get("message") for row in rows_of(tmp_path / "answers.jsonl")]
    assert errors == [None, "ZeroDivisionError: oops", "ZeroDivisionError: oops"]


@given(cut=st.integers(0, 400))
def test_a_killed_job_goes_on_and_ends_with_the_same_bytes(
    bundle_of: Callable[[], Bundle], whole: tuple[Path, bytes], cut: int
) -> None:
    questions, answers = whole
    out = questions.parent / "cut.jsonl"
    out.write_bytes(answers[:cut])
    batch = AskBatch(bundle_of(), questions, out)
    assert batch.outcome.kept == answers[:cut].count(b"\n")
    answer_all(batch)
    assert out.read_bytes() == answers


@pytest.fixture(scope="module")
def bundle_of() -> Callable[[], Bundle]:
    """Makes the same model again and again."""
    return lambda: answering_bundle(Script({0: ScriptedReply("Two 🎵.")}))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, bundle_of: Callable[[], Bundle]) -> tuple[Path, bytes]:
    """Questions, and the bytes of all their answers."""
    folder = tmp_path_factory.mktemp("batch")
    (folder / "q.jsonl").write_text('{"question": "é?"}\n{"audio": "gone.wav"}\n\n{"question": "B?"}\n', "utf-8")
    answer_all(AskBatch(bundle_of(), folder / "q.jsonl", folder / "a.jsonl"))
    return folder / "q.jsonl", (folder / "a.jsonl").read_bytes()


def test_rows_that_were_tried_again_come_back_into_their_places(
    bundle: Bundle, questions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, link = tmp_path / "kept.jsonl", tmp_path / "answers.jsonl"
    link.symlink_to(kept)
    answer_all(AskBatch(bundle, questions, link))
    before = kept.read_text()
    kept.write_text("".join(before.splitlines(keepends=True)[1:]))
    batch = AskBatch(bundle, questions, link)
    answer_all(batch)
    assert [row["line"] for row in rows_of(kept)] == [2, 3, 1]
    with monkeypatch.context() as disk, pytest.raises(OutsideError, match="cannot write"):
        disk.setattr(ask_batch, "write_text", full)
        batch.put_in_order()
    batch.put_in_order()
    assert kept.read_text() == before and link.is_symlink()
    monkeypatch.setattr(ask_batch, "write_text", full)
    batch.put_in_order()  # nothing to write


def full(path: Path, text: str) -> None:
    raise OSError(28, "No space left on device")


def test_a_byte_order_mark_costs_no_row(bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "q.jsonl").write_text('{"question": "One?"}\n', encoding="utf-8-sig")
    (row,) = read_rows(tmp_path / "q.jsonl")
    assert row.question == "One?" and row.fault is None


def test_answers_to_other_questions_are_left_alone(bundle: Bundle, questions: Path, tmp_path: Path) -> None:
    out = tmp_path / "answers.jsonl"
    answer_all(AskBatch(bundle, questions, out))
    before = out.read_bytes() + b'{"half'
    out.write_bytes(before)
    with pytest.raises(UsageError, match=r"line 1 of .* another question, or is another model's"):
        AskBatch(dataclasses.replace(bundle, name="other"), questions, out)
    questions.write_text('{"question": "Something else?"}\n')
    with pytest.raises(UsageError, match="another question"):
        AskBatch(bundle, questions, out)
    assert out.read_bytes() == before


def test_a_file_that_holds_no_answers_is_left_alone(bundle: Bundle, questions: Path, tmp_path: Path) -> None:
    out = tmp_path / "notes.txt"
    out.write_text("my notes\nof today")
    with pytest.raises(InputError, match=r"line 1 of .*notes\.txt is no answer's row"):
        AskBatch(bundle, questions, out)
    assert out.read_text() == "my notes\nof today"
    with pytest.raises(UsageError, match="holds the questions"):
        AskBatch(bundle, questions, questions)


def test_files_that_cannot_be_used_are_named(bundle: Bundle, questions: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read"):
        AskBatch(bundle, tmp_path / "gone.jsonl", questions)
    (tmp_path / "empty.jsonl").write_text("\n\n")
    with pytest.raises(InputError, match="has 0 rows"):
        AskBatch(bundle, tmp_path / "empty.jsonl", tmp_path / "answers.jsonl")
    batch = AskBatch(bundle, questions, questions / "answers.jsonl")
    with pytest.raises(OutsideError, match="cannot write"):
        batch.answer(batch.missing[0])


def test_too_many_rows_are_refused(questions: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ask_batch, "MOST_ROWS", 2)
    with pytest.raises(InputError, match="has 3 rows"):
        read_rows(questions)


def test_an_id_is_kept_of_a_bad_row_too(tmp_path: Path) -> None:
    (tmp_path / "q.jsonl").write_text('{"id": "x", "sound": "a.wav"}\n')
    (row,) = read_rows(tmp_path / "q.jsonl")
    assert row.id == "x" and row.fault is not None
