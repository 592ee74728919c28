"""`soundflow bench run`: scores a file, or lets a model answer first."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from soundflow.bench.rows import read_answers
from soundflow.cli.main import main
from soundflow.model.bundle import Bundle
from soundflow.model.checkpoint.ours import save_folder
from tests.bench.public.made import write_sounds
from tests.model.conftest import small_bundle

__all__ = ["small_bundle"]  # the fixture of the model's tests


@pytest.fixture
def arguments(tmp_path: Path) -> list[str]:
    """A command line over two questions, the first of them answered."""
    table = "Questions\tAnswer\tWav Filename\nWhere?\tParis\t1.wav\nWho?\tAnn\t2.wav\n"
    (tmp_path / "llama_questions_300.tsv").write_text(table)
    (tmp_path / "p.jsonl").write_text('{"id": "1", "model_output": "Paris."}\n{"id": "9", "output": "x"}\n')
    write_sounds(tmp_path, "1.wav", "2.wav")
    return ["bench", "run", "llama_questions", "--data", str(tmp_path), "--predictions", str(tmp_path / "p.jsonl")]


def test_json_is_one_object(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*arguments, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["accuracy"], found["missing"], found["of"]) == (50, ["2"], 2)


def test_what_was_not_used_of_the_file_is_told(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (tmp_path / "p.jsonl").open("a") as file:
        file.write('{"id": "1", "output": "Paris"}\n{"output": "x"}\n{"torn')
    assert main([*arguments, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    faults = {"duplicate_ids": ["1"], "unknown_ids": ["9"], "rows_without_id": 1, "broken_lines": ["line 5"]}
    assert found["faults"] == faults and (found["bounds"]["value"], found["bounds"]["low"]) == (50, 0)


def test_the_first_items_only(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*arguments, "--limit", "1"]) == 0
    assert "accuracy: 100.0" in capsys.readouterr().out


def test_a_model_answers_what_it_has_not_answered_yet(
    arguments: list[str],
    tmp_path: Path,
    small_bundle: Bundle,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "p.jsonl").unlink()
    save_folder(small_bundle, tmp_path / "model", "float32")
    run = [*arguments, "--model", str(tmp_path / "model"), "--threshold", "1.0", "--json"]
    assert main([*run, "--limit", "1"]) == 0 == main(run)
    out, err = capsys.readouterr()
    found = json.loads(out.splitlines()[1])
    assert found["empty"] == ["1", "2"] and "not trained to answer" in err
    assert found["threshold"] == 1 and "1 thread" in found["machine"]
    assert len((tmp_path / "p.jsonl").read_text().splitlines()) == 2, "the first was not heard again"


def test_answers_of_another_threshold_or_of_others_are_refused(
    arguments: list[str],
    tmp_path: Path,
    model_folder: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = [*arguments, "--model", str(model_folder), "--threshold"]
    assert main([*run, "1.0"]) == 1 and "does not say its weights" in capsys.readouterr().err
    assert read_answers(tmp_path / "p.jsonl").outputs["1"] == "Paris."
    (tmp_path / "p.jsonl").unlink()
    assert main([*run, "1.0"]) == 0 and main([*run, "0.5"]) == 1
    assert "threshold 1.0 (this run: 0.5)" in capsys.readouterr().err


def test_a_benchmark_without_an_item_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mmau-test-mini.json").write_text("[]")
    (tmp_path / "p.jsonl").write_text('{"id": "1", "output": "A"}\n')
    assert main(["bench", "run", "mmau", "--data", str(tmp_path), "--predictions", str(tmp_path / "p.jsonl")]) == 1
    assert "no item" in capsys.readouterr().err


@pytest.mark.parametrize("extra", [["--hub"], ["--judge-url", "nowhere"]])
def test_a_command_line_that_makes_no_sense_is_one_line(
    arguments: list[str], extra: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, *extra]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
