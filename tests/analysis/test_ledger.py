"""What was finished is there again, and nothing of another job."""

from __future__ import annotations

from pathlib import Path

import pytest

from soundflow.analysis.ledger import Ledger
from soundflow.errors import InputError


def test_finished_parts_are_there_again(tmp_path: Path) -> None:
    first = Ledger(tmp_path / "job.jsonl", {"seed": 1})
    assert len(first) == 0 and not first.path.exists(), "looking writes nothing"
    first.add("a", [1, 2])
    first.add("b", {"x": 0.5})
    again = Ledger(tmp_path / "job.jsonl", {"seed": 1})
    assert "a" in again and again["a"] == [1, 2] and again["b"] == {"x": 0.5} and len(again) == 2


def test_a_line_that_was_half_written_is_done_again(tmp_path: Path) -> None:
    path = tmp_path / "job.jsonl"
    ledger = Ledger(path, {})
    ledger.add("a", 1)
    ledger.add("b", 2)
    path.write_bytes(path.read_bytes()[:-4])
    again = Ledger(path, {})
    assert "a" in again and "b" not in again
    again.add("b", 3)
    assert Ledger(path, {})["b"] == 3


def test_another_job_is_refused(tmp_path: Path) -> None:
    Ledger(tmp_path / "job.jsonl", {"seed": 1}).add("a", 1)
    with pytest.raises(InputError, match="another job"):
        Ledger(tmp_path / "job.jsonl", {"seed": 2})
