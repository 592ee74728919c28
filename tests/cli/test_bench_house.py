"""`soundflow bench house` on tones and a small random model: one object with every trivial row."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from soundflow.bench.baselines.rows import TRIVIAL
from soundflow.cli.main import main
from soundflow.model.bundle import Bundle
from soundflow.model.checkpoint.ours import save_folder
from tests.data.test_clips import write_folder
from tests.model.conftest import small_bundle

__all__ = ["small_bundle"]  # the fixture of the model's tests

KINDS = [("siren", "event", True), ("cow", "event", False), ("room", "background", False)]


@pytest.fixture
def arguments(tmp_path: Path, small_bundle: Bundle) -> list[str]:
    """Five minutes of a house of tones."""
    save_folder(small_bundle, tmp_path / "model", "float32")
    rows = [
        {"id": f"{label}{i}", "path": f"{label}{i}.wav", "label": label, "kind": kind, "split": "test", "length": 2.0}
        | {"proactive": calls}
        for label, kind, calls in KINDS
        for i in range(2)
    ]
    clips = write_folder(tmp_path / "in", rows, {})
    command = f"bench house --clips {clips} --cache {tmp_path / 'cache'} --model {tmp_path / 'model'} --minutes 5"
    return [*command.split(), "--threshold", "1.0"]


@pytest.mark.slow
def test_one_object(arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    costs = {"name": "quick", "encode_ms": 3.0, "decision_ms": [[1, 3.0]], "text_token_ms": 2.0}
    (tmp_path / "costs.json").write_text(json.dumps(costs))
    assert main([*arguments, "--json", "--costs", str(tmp_path / "costs.json")]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["benchmark"], found["minutes"], found["hits"], found["costs"]["name"]) == ("house", 5, 0, "quick")
    assert tuple(found["trivial"]) == TRIVIAL
    assert found["trivial"]["always_respond"]["hits"] == found["events_that_matter"] > 0
    assert len(found["resident_mb"]) == 1


@pytest.mark.slow
def test_rows_that_cannot_be_written_cost_no_result(
    arguments: list[str], refused_rows: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, "--outcomes", str(refused_rows), "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["benchmark"] == "house"


def test_a_cost_table_that_is_none_is_told(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "costs.json").write_text("[]")
    assert main([*arguments, "--costs", str(tmp_path / "costs.json")]) == 1
    assert "is no cost table" in capsys.readouterr().err
