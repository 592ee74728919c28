"""What a bench prints: one object with its command, or a table; and rows where a file was asked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from rich.table import Table

from soundflow.cli.bench_result import show, write_outcomes


def table(result: Any) -> Table:
    made = Table("figure")
    made.add_row(str(result["figure"]))
    return made


def test_json_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    whole = show({"figure": 3}, True, table)
    assert json.loads(capsys.readouterr().out) == whole and whole["command"].startswith("soundflow ")


def test_people_get_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    show({"figure": 3}, False, table)
    out = capsys.readouterr().out
    assert "figure" in out and "3" in out and "{" not in out


def test_rows_only_where_asked_for(tmp_path: Path) -> None:
    write_outcomes(None, [{"id": "a"}])
    write_outcomes(tmp_path / "rows.jsonl", [{"id": "a"}])
    assert [path.name for path in tmp_path.iterdir()] == ["rows.jsonl"]
