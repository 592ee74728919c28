"""`soundflow bench mini` on a small random model: one object, and nothing asked for but the package."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from soundflow.cli.main import main
from soundflow.model.bundle import Bundle
from soundflow.model.checkpoint.ours import save_folder
from tests.model.conftest import small_bundle

__all__ = ["small_bundle"]  # the fixture of the model's tests


def test_one_object_and_rows_to_compare(
    tmp_path: Path, small_bundle: Bundle, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("soundflow.bench.mini.QUIET_SECONDS", 8.0)
    save_folder(small_bundle, tmp_path / "model", "float32")
    command = (
        f"bench mini --model {tmp_path / 'model'} --streams 1 --threshold 1.0 --outcomes {tmp_path / 'rows.jsonl'}"
    )
    assert main([*command.split(), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["benchmark"], found["streams"], found["recall"]["value"]) == ("mini", 5, 0)
    rows = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()]
    assert len(rows) == found["events"] and {row["due"] for row in rows} == {"respond", "ignore"}
    assert main(["bench", "compare", str(tmp_path / "rows.jsonl"), str(tmp_path / "rows.jsonl"), "--json"]) == 0
    same = json.loads(capsys.readouterr().out)
    assert same["groups"]["all"]["difference"]["value"] == 0 and same["groups"]["all"]["p_value"] == 1


def test_rows_that_cannot_be_written_cost_no_result(
    tmp_path: Path,
    small_bundle: Bundle,
    monkeypatch: pytest.MonkeyPatch,
    refused_rows: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("soundflow.bench.mini.QUIET_SECONDS", 8.0)
    save_folder(small_bundle, tmp_path / "model", "float32")
    command = f"bench mini --model {tmp_path / 'model'} --streams 0 --threshold 1.0"
    assert main([*command.split(), "--outcomes", str(refused_rows), "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["benchmark"] == "mini"
