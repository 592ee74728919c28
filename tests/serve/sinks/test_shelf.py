"""A spool whose disk will not be written to, as a courier sees it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from soundflow.errors import OutsideError
from soundflow.serve.sinks.shelf import Shelf
from soundflow.serve.sinks.spool import Owed, Spool
from tests.serve.sinks.fakes import alert


def read_only(spool: Spool, on: bool) -> None:
    """What a full disk does: reading works, writing does not."""
    spool._rows.execute(f"PRAGMA query_only = {'ON' if on else 'OFF'}")


def filled(path: Path, count: int) -> tuple[Spool, Shelf]:
    spool = Spool(path)
    for number in range(count):
        spool.put(alert(number), ["a"])
    return spool, Shelf(spool, "a")


def the_next(shelf: Shelf, now: float = 0.0) -> Owed:
    owed = shelf.next(now)
    assert owed is not None
    return owed


def test_what_the_disk_will_not_forget_comes_once_and_holds_up_nothing(tmp_path: Path) -> None:
    spool, shelf = filled(tmp_path / "s", 3)
    read_only(spool, True)
    came = []
    while (owed := shelf.next(0.0)) is not None:
        came.append(owed.alert.id)
        shelf.done(owed.number)
    assert came == ["id0", "id1", "id2"] and shelf.next_due() is None and spool.waiting() == {"a": 3}
    with pytest.raises(OutsideError):
        shelf.write_down()
    read_only(spool, False)
    shelf.write_down()
    assert spool.waiting() == {}
    spool.close()


def test_refusals_that_the_disk_will_not_note_are_counted_all_the_same(tmp_path: Path) -> None:
    spool, shelf = filled(tmp_path / "s", 2)
    read_only(spool, True)
    shelf.later(the_next(shelf), due=5.0)
    assert the_next(shelf).alert.id == "id1", "it is passed by the others"
    shelf.done(the_next(shelf).number)
    assert shelf.next(4.9) is None and shelf.next_due() == 5.0
    again = the_next(shelf, 5.0)
    assert (again.alert.id, again.refusals) == ("id0", 1)
    shelf.later(again, due=9.0)
    read_only(spool, False)
    shelf.write_down()
    assert shelf.next(8.9) is None and shelf.next_due() == 9.0 and the_next(shelf, 9.0).refusals == 1
    spool.close()


def test_as_many_as_a_spool_holds_may_wait_to_be_forgotten(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s")
    assert spool.next("a", 0.0, range(10_000)) is None
    most = spool._rows.getlimit(sqlite3.SQLITE_LIMIT_SQL_LENGTH)
    assert len("number NOT IN ()") + 10_000 * len(", 9999999999") < most
    spool.close()
