"""`soundflow bench trigger`: one JSON object, or tables; the model and the folder are asked for by name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from soundflow.cli.main import main
from soundflow.model.checkpoint.ours import save_folder
from tests.data.test_clips import write_folder
from tests.model.conftest import small_bundle

__all__ = ["small_bundle"]  # the fixture of the model's tests


@pytest.fixture
def arguments(tmp_path: Path, small_bundle) -> list[str]:  # type: ignore[no-untyped-def]
    """A command line over a small folder of tones and a small random model."""
    save_folder(small_bundle, tmp_path / "model", "float32")
    labels = {"siren": {"proactive": True}, "cow": {"proactive": False}}
    common = {"kind": "event", "split": "test", "length": 1.5}
    rows = [
        {"id": f"{label}{i}", "path": f"{label}{i}.wav", "label": label} | common for label in labels for i in range(3)
    ]
    folder = write_folder(tmp_path / "in", rows, labels)
    command = f"bench trigger --clips {folder} --cache {tmp_path / 'cache'} --model {tmp_path / 'model'}"
    return [*command.split(), "--streams", "1", "--stray-hours", "0"]


def test_json_is_one_object(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*arguments, "--json", "--threshold", "1.0"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["recall"]["value"] == 0 and found["specificity"]["value"] == 1
    assert found["streams"] == 1 and found["threshold"] == 1.0 and found["command"].startswith("soundflow ")


def test_rows_that_cannot_be_written_cost_no_result(
    arguments: list[str], refused_rows: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, "--outcomes", str(refused_rows), "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["benchmark"] == "trigger"


def test_people_get_tables(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 0
    assert "plain classifier" in capsys.readouterr().out


def test_a_missing_split_is_one_line(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*arguments, "--split", "nowhere"]) == 1
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


@pytest.mark.parametrize("verb", ["trigger", "mini", "capabilities", "house", "proactive", "proactive-set"])
@pytest.mark.parametrize("place", ["clips.jsonl/rows.jsonl", "."], ids=["in a file", "a folder"])
def test_a_place_that_takes_no_rows_is_told_before_anything_is_heard(
    verb: str, place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "clips.jsonl").write_text("")
    needed = {
        "trigger": ["--clips", "nowhere"],
        "capabilities": ["--corpus", "nowhere"],
        "house": ["--clips", "nowhere"],
        "proactive": ["--manifest", "nowhere", "--references", "nowhere", "--predictions", "nowhere"],
        "proactive-set": ["--clips", "nowhere", "--out", "nowhere"],
    }
    assert main(["bench", verb, *needed.get(verb, []), "--outcomes", str(tmp_path / place)]) == 3
    assert "error bench.write: cannot write" in capsys.readouterr().err
