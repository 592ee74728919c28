"""Alerts on disk: over restarts, a kill, a full disk and two programs."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundflow.errors import OutsideError, UsageError
from soundflow.serve.sinks.spool import Spool
from tests.cli.conftest import environment
from tests.serve.sinks.fakes import alert


def ids(spool: Spool, sink: str) -> list[str]:
    """Everything owed to a sink, taken out."""
    found = []
    while (owed := spool.next(sink, 0.0)) is not None:
        found.append(owed.alert.id)
        spool.done(owed.number)
    return found


def test_each_sink_is_owed_each_alert_in_order() -> None:
    spool = Spool(None)
    for number in range(3):
        spool.put(alert(number), ["a", "b"])
    assert spool.waiting() == {"a": 3, "b": 3}
    assert ids(spool, "a") == ["id0", "id1", "id2"] and spool.waiting() == {"b": 3}


def test_an_id_is_kept_once() -> None:
    spool = Spool(None)
    spool.put(alert(1), ["a"])
    spool.put(alert(1), ["a"])
    assert ids(spool, "a") == ["id1"]


def test_what_was_refused_waits_and_the_next_one_goes_first() -> None:
    spool = Spool(None)
    spool.put(alert(0), ["a"])
    spool.put(alert(1), ["a"])
    first = spool.next("a", 0.0)
    assert first is not None and first.refusals == 0
    spool.later(first.number, due=5.0)
    second = spool.next("a", 0.0)
    assert second is not None and second.alert.id == "id1"
    spool.done(second.number)
    assert spool.next("a", 4.9) is None and spool.next_due("a") == 5.0
    again = spool.next("a", 5.0)
    assert again is not None and (again.alert.id, again.refusals) == ("id0", 1)


@given(st.lists(st.integers(0, 30), max_size=40))
def test_the_newest_stay_when_there_are_too_many(numbers: list[int]) -> None:
    spool = Spool(None, most=5)
    dropped = sum(spool.put(alert(number), ["a"]) for number in numbers)
    kept: list[str] = []
    gone = 0
    for number in numbers:
        if f"id{number}" not in kept:
            kept.append(f"id{number}")
        if len(kept) > 5:
            kept.pop(0)
            gone += 1
    assert ids(spool, "a") == kept and dropped == gone


def test_a_restart_forgets_nothing_and_makes_everything_due(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "alerts.sqlite3"
    spool = Spool(path)
    spool.put(alert(0), ["a"])
    found = spool.next("a", 0.0)
    assert found is not None
    spool.later(found.number, due=1e12)
    spool.close()
    again = Spool(path)
    assert ids(again, "a") == ["id0"]
    again.close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_kill_9_loses_nothing_that_was_put(tmp_path: Path) -> None:
    path = tmp_path / "alerts.sqlite3"
    program = (
        "import sys; from pathlib import Path; from soundflow.serve.sinks.spool import Spool\n"
        "from soundflow.serve.sinks.alert import Alert\n"
        "spool = Spool(Path(sys.argv[1]))\n"
        "for n in range(10**6):\n"
        "    spool.put(Alert(f'id{n}', 't', 's', 0.0, None, 'x' * 500), ['a']); print(n, flush=True)\n"
    )
    command = [sys.executable, "-c", program, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment()) as running:
        assert running.stdout is not None
        while int(running.stdout.readline()) < 50:
            pass
        os.kill(running.pid, signal.SIGKILL)
        told = 50 + sum(1 for line in running.stdout if line.endswith("\n")) + 1
    spool = Spool(path)
    kept = ids(spool, "a")
    spool.close()
    assert kept == [f"id{n}" for n in range(len(kept))]
    assert len(kept) - told in (0, 1), "one may have been written and not told"


def test_a_second_program_is_refused_in_words(tmp_path: Path) -> None:
    first = Spool(tmp_path / "s")
    with pytest.raises(UsageError, match="another program") as refused:
        Spool(tmp_path / "s")
    assert "--spool" in refused.value.hint
    first.put(alert(0), ["a"])
    first.close()
    second = Spool(tmp_path / "s")
    assert second.waiting() == {"a": 1}
    second.close()


def test_what_is_no_spool_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("my notes, which are no database\n" * 100)
    with pytest.raises(OutsideError, match="cannot keep alerts"):
        Spool(tmp_path / "notes.txt")
    assert (tmp_path / "notes.txt").read_text().startswith("my notes")


def test_a_full_disk_is_an_error_and_what_was_there_stays(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s")
    spool.put(alert(0), ["a"])
    spool._rows.execute("PRAGMA max_page_count = 6")
    with pytest.raises(OutsideError, match="full"):
        for number in range(1, 1000):
            spool.put(alert(number, "x" * 1000), ["a"])
    assert ids(spool, "a")[0] == "id0"
    spool.close()


def test_a_row_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s")
    spool.put(alert(0), ["a"])
    spool.put(alert(1), ["a"])
    spool._rows.execute("UPDATE owed SET alert = 'spoiled' WHERE id = 'id0'")
    assert ids(spool, "a") == ["id1"]
    spool.close()
