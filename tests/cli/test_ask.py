"""Questions on the command line: one, several, without a recording, and a file of them; `nano` says that it cannot."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from soundflow.api import Model
from soundflow.cli.main import main
from soundflow.stream.ask_batch import AskBatch, AskRow
from soundflow.testing.model import Script, ScriptedReply, answering_bundle

Answering = Callable[..., None]


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Answering:
    """Every model that is loaded gives these answers, one a turn."""

    def load(*replies: str | ScriptedReply) -> None:
        written = [ScriptedReply(r) if isinstance(r, str) else r for r in replies]
        model = Model(answering_bundle(Script(dict(enumerate(written)))))
        monkeypatch.setattr("soundflow.api.load", lambda *_, **__: model)

    return load


def test_ask_is_refused_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ask", "song.wav", "Which instrument is this?", "--model", "nano"]) == 2
    out, err = capsys.readouterr()
    assert out == "" and len(err.splitlines()) == 1
    assert "nano" in err and "not trained to answer questions" in err


def test_a_recording_and_a_question(answering: Answering, recording: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answering("A flute 🎵.")
    assert main(["ask", str(recording), "Which instrument is this?"]) == 0
    assert capsys.readouterr() == ("A flute 🎵.\n", "")


def test_questions_build_on_each_other(
    answering: Answering, recording: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answering("A flute.", "Yes.")
    assert main(["ask", str(recording), "Which?", "In tune?", "--json"]) == 0
    out, err = capsys.readouterr()
    lines = [json.loads(line) for line in out.splitlines()]
    assert [(line["type"], line["reply"], line["text"]) for line in lines] == [
        ("reply.end", 0, "A flute."),
        ("reply.end", 1, "Yes."),
    ]
    assert err == ""


@pytest.mark.parametrize("words", [["kitchen"], ["--text", "Two plus two?"]])
def test_question_or_recording_alone(
    answering: Answering, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    answering("Four.")
    assert main(["ask", *words]) == 0
    assert capsys.readouterr().out == "Four.\n"


def test_tone_and_cut_are_told_beside_the_answer(answering: Answering, capsys: pytest.CaptureFixture[str]) -> None:
    answering(ScriptedReply("Run away!", "urgent"))
    assert main(["ask", "--text", "What?", "--max-tokens", "3"]) == 0
    out, err = capsys.readouterr()
    assert out == "Run\n"
    assert err.splitlines() == [
        "soundflow: the answer was cut off (length) after 3 tokens",
        "soundflow: said in the tone urgent",
    ]


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["kitchen", "--text", "What?"],
        ["--batch", "q.jsonl"],
        ["--out", "a.jsonl"],
        ["kitchen", "--batch", "q.jsonl", "--out", "a.jsonl"],
        ["mic", "What?"],
        ["kitchen", " "],
    ],
)
def test_words_that_make_no_sense(answering: Answering, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    answering("Four.")
    expected = 0 if words == ["kitchen", " "] else 2  # a blank question lets the recording speak
    assert main(["ask", *words]) == expected
    if expected:
        assert capsys.readouterr().out == ""


def test_a_recording_that_is_not_there(answering: Answering, capsys: pytest.CaptureFixture[str]) -> None:
    answering("Four.")
    assert main(["ask", "gone.wav", "What?"]) == 1
    assert "there is no file or example gone.wav" in capsys.readouterr().err


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """Options for three questions, the second of which is bad."""
    rows = ['{"question": "One?"}', '{"question": 2}', '{"question": "Three?"}']
    (tmp_path / "q.jsonl").write_text("\n".join(rows))
    return ["--batch", str(tmp_path / "q.jsonl"), "--out", str(tmp_path / "a.jsonl")]


def test_a_file_of_questions(answering: Answering, files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    answering("Four.")
    assert main(["ask", *files]) == 0
    out, err = capsys.readouterr()
    assert out == files[-1] + "\n"
    assert err == "2 answered, 1 with an error, 0 missing; 0 were there before\n"
    assert main(["ask", *files, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {"out": files[-1], "answered": 2, "failed": 1, "kept": 3, "missing": 0}
    answers = Path(files[-1])
    before = answers.read_text()
    answers.write_text("".join(line for line in before.splitlines(keepends=True) if '"error"' not in line))
    assert main(["ask", *files]) == 0
    assert answers.read_text() == before  # the row that was tried again stands in its place


def test_ctrl_c_ends_behind_a_whole_row_and_the_rest_is_counted(
    answering: Answering, files: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answering("Four.")
    whole = AskBatch.answer

    def interrupted(batch: AskBatch, row: AskRow) -> dict[str, Any]:
        signal.raise_signal(signal.SIGINT)
        return whole(batch, row)

    with monkeypatch.context() as patch:
        patch.setattr(AskBatch, "answer", interrupted)
        assert main(["ask", *files]) == 130
    assert "1 answered, 0 with an error, 2 missing" in capsys.readouterr().err
    assert main(["ask", *files]) == 0
    assert "2 answered, 1 with an error, 0 missing; 1 were there before" in capsys.readouterr().err


def test_not_one_answer_is_bad_input(answering: Answering, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answering("Four.")
    (tmp_path / "q.jsonl").write_text("{}\n")
    assert main(["ask", "--batch", str(tmp_path / "q.jsonl"), "--out", str(tmp_path / "a.jsonl")]) == 1
    assert "no row could be answered: 0 answered, 1 with an error" in capsys.readouterr().err


def test_nano_refuses_a_file_of_questions_too(files: list[str]) -> None:
    assert main(["ask", *files, "--model", "nano"]) == 2
    assert not Path(files[-1]).exists()
