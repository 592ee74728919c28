"""`soundflow bench proactive`: one object from a file of predictions, or from a model that hears the recordings."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from soundflow.audio.decode import write_wav
from soundflow.bench.rows import read_answers, write_rows
from soundflow.cli.main import main
from soundflow.model.bundle import Bundle
from soundflow.model.checkpoint.ours import save_folder
from tests.model.conftest import small_bundle

__all__ = ["small_bundle"]  # the fixture of the model's tests


@pytest.fixture
def arguments(tmp_path: Path) -> list[str]:
    """A command line over four items of two categories, one of them answered."""
    rows = [
        {"id": f"i{n}", "path": f"./psb/{macro}/m/{due}/i{n}.wav", "decision": due, "description": "x"}
        for n, (macro, due) in enumerate([("A", "RESPOND"), ("A", "IGNORE"), ("B", "RESPOND"), ("B", "IGNORE")])
    ]
    write_rows(tmp_path / "m.jsonl", rows)
    write_rows(tmp_path / "r.jsonl", [{"id": f"i{n}", "standard_answers": ["glass broke"]} for n in (0, 2)])
    write_rows(tmp_path / "p.jsonl", [{"id": "i1", "output": "<Decision>IGNORE</Decision>"}])
    for row in rows:
        (tmp_path / row["path"]).parent.mkdir(parents=True, exist_ok=True)
        write_wav(tmp_path / row["path"], np.zeros(3200, np.float32))
    files = [("--manifest", "m.jsonl"), ("--references", "r.jsonl"), ("--predictions", "p.jsonl")]
    return ["bench", "proactive", *(word for name, file in files for word in (name, str(tmp_path / file)))]


def test_json_is_one_object(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*arguments, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["items"], found["correct"], found["faults"]["missing"]) == (4, 1, ["i0", "i2", "i3"])
    assert found["command"].startswith("soundflow ")


def test_rows_that_cannot_be_written_cost_no_result(
    arguments: list[str], refused_rows: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, "--outcomes", str(refused_rows), "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["benchmark"] == "proactive"


def test_people_get_tables(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 0
    assert "counted as wrong" in capsys.readouterr().out


def test_a_model_hears_the_recordings(
    arguments: list[str],
    tmp_path: Path,
    small_bundle: Bundle,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "p.jsonl").unlink()
    save_folder(small_bundle, tmp_path / "model", "float32")
    run = ["--audio", str(tmp_path), "--model", str(tmp_path / "model"), "--threshold", "1.0", "--tier", "multiple"]
    assert main([*arguments, *run, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["tier"], found["correct"], found["specificity"]["value"]) == ("multiple", 2, 1.0)
    assert len(read_answers(tmp_path / "p.jsonl").outputs) == 4
    assert "plain_classifier" in found["trivial"], "who hears the sounds stands beside gates that do too"


def test_answers_of_another_tier_threshold_or_model_are_refused(
    arguments: list[str],
    tmp_path: Path,
    model_folder: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = [*arguments, "--audio", str(tmp_path), "--model", str(model_folder)]
    assert main([*run, "--threshold", "1.0"]) == 1
    assert "does not say its weights" in capsys.readouterr().err, "the rows of others are only scored"
    (tmp_path / "p.jsonl").unlink()
    assert main([*run, "--threshold", "1.0"]) == 0 == main([*run, "--threshold", "1.0", "--seed", "5"])
    for other in (["--tier", "multiple"], ["--threshold", "0.5"], ["--instruction", "Wait for a bell."]):
        assert main([*run, "--threshold", "1.0", *other]) == 1
        assert "name another file" in capsys.readouterr().err
    assert main(arguments) == 0, "without a model to be heard the file is scored as it is"


def test_gates_hear_each_division_for_themselves(
    arguments: list[str],
    tmp_path: Path,
    model_folder: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for seed in ("0", "2"):
        (tmp_path / "p.jsonl").unlink()
        run = ["--audio", str(tmp_path), "--model", str(model_folder), "--tier", "multiple", "--seed", seed]
        assert main([*arguments, *run]) == 0
    assert len(list((tmp_path / "p.gates" / "multiple").glob("energy_gate-*.jsonl"))) == 2


@pytest.mark.parametrize(
    "extra", [["--reranker", "m"], ["--reranker-logits"], ["--endpoint", "http://h"], ["--match-threshold", "7"]]
)
def test_half_a_matcher_is_a_wrong_command_line(
    arguments: list[str], extra: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, *extra]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
