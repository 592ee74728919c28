"""`soundflow bench capabilities` on a small corpus of tones: tables for people, one object for machines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from soundflow.api import Model
from soundflow.cli.main import main
from tests.train.corpora import write_corpus


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Eight streams in which a high tone must be answered and a low one must not."""
    return write_corpus(tmp_path / "corpus")


def test_one_object_and_rows_to_compare(
    corpus: Path, tmp_path: Path, scripted: Model, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = tmp_path / "rows.jsonl"
    assert main(["bench", "capabilities", "--corpus", str(corpus), "--json", "--outcomes", str(rows)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["benchmark"], found["model"], found["streams"]) == ("capabilities", "scripted", 8)
    assert found["columns"]["none"]["sub_tasks"]["keep_silent"]["right"]["value"] == 0.0  # it always says two words
    assert len(rows.read_text().splitlines()) == found["columns"]["all"]["all"]["items"]


def test_rows_that_cannot_be_written_cost_no_result(
    corpus: Path, scripted: Model, refused_rows: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["bench", "capabilities", "--corpus", str(corpus), "--streams", "2"]
    assert main([*words, "--outcomes", str(refused_rows), "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["benchmark"] == "capabilities"


def test_answers_that_were_learned_are_counted_apart(
    corpus: Path, tmp_path: Path, scripted: Model, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["bench", "capabilities", "--corpus", str(corpus), "--learned", str(corpus)]
    assert main([*command, "--json"]) == 0
    answers = json.loads(capsys.readouterr().out)["answers"]["all"]
    assert answers["learned"]["items"] > 0 and answers["new"]["items"] == 0
    assert main(command) == 0
    assert "answers that were learned, and new ones" in capsys.readouterr().out
    assert main([*command, "--learned", str(tmp_path / "nothing")]) == 1


def test_tables_for_people(corpus: Path, scripted: Model, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "capabilities", "--corpus", str(corpus), "--streams", "4"]) == 0
    shown = capsys.readouterr().out
    assert "4 streams" in shown and "safety_alert" in shown and "commonest" in shown


def test_what_cannot_be_asked_offline_is_told(
    corpus: Path, scripted: Model, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["bench", "capabilities", "--corpus", str(corpus), "--layout", "offline"]
    assert main(command) == 2
    assert "not trained to answer" in capsys.readouterr().err
    assert main([*command, "--model", "ws://127.0.0.1:1/v1/realtime"]) == 2
    assert "no offline layout" in capsys.readouterr().err


def test_what_is_asked_aloud_is_asked_in_words_too(
    tmp_path: Path, scripted: Model, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus = write_corpus(tmp_path / "aloud", aloud=(0, 2))
    command = ["bench", "capabilities", "--corpus", str(corpus), "--layout", "written"]
    assert main([*command, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["ways"]["all"]["items"] == 2 and set(found["ways"]["all"]) >= {"text", "spoken", "difference"}
    assert main(command) == 0
    assert "spoken – text" in capsys.readouterr().out


def test_a_folder_that_is_no_corpus_is_told(
    tmp_path: Path, scripted: Model, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "capabilities", "--corpus", str(tmp_path)]) == 1
    assert "is no corpus" in capsys.readouterr().err
