"""Lines of a file, whole whatever happened before."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from soundflow.serve.sinks.alert import read_alert
from soundflow.serve.sinks.record import Record
from soundflow.serve.sinks.sink import UndeliveredError
from tests.serve.sinks.fakes import alert


def test_each_alert_is_a_line_and_earlier_ones_stay(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "alerts.jsonl"
    for number in range(3):
        Record(path).deliver(alert(number, "a\nb"))
    assert [read_alert(line) for line in path.read_text().splitlines()] == [alert(n, "a\nb") for n in range(3)]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_half_a_line_that_a_killed_program_left_spoils_nothing(tmp_path: Path) -> None:
    path = tmp_path / "alerts.jsonl"
    path.write_text('{"type": "ale')
    Record(path).deliver(alert(1))
    assert path.read_text().splitlines() == ['{"type": "ale', alert(1).to_json()]


def test_a_file_that_is_moved_away_is_begun_anew(tmp_path: Path) -> None:
    record, path = Record(tmp_path / "a"), tmp_path / "a"
    record.deliver(alert(0))
    path.rename(tmp_path / "b")
    record.deliver(alert(1))
    assert path.read_text() == alert(1).to_json() + "\n"


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(UndeliveredError, match="cannot write"):
        Record(tmp_path).deliver(alert())
