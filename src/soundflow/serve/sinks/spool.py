"""Alerts on disk until they have arrived: a program that is killed goes on with them when it starts again.

One SQLite file, one row for each alert and sink. A row is written before `put` returns and survives `kill -9`; what the
machine's power takes with it is at most the last moment's. Tests: tests/serve/sinks/test_spool.py.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from soundflow.errors import InputError, OutsideError, UsageError
from soundflow.serve.sinks.alert import Alert, read_alert

MOST_ALERTS = 10_000  # rows for one sink; then the oldest makes room: seven days of one a minute; chosen

_TABLE = """CREATE TABLE IF NOT EXISTS owed (
    number INTEGER PRIMARY KEY AUTOINCREMENT, sink TEXT NOT NULL, id TEXT NOT NULL, alert TEXT NOT NULL,
    refusals INTEGER NOT NULL DEFAULT 0, due REAL NOT NULL DEFAULT 0, UNIQUE (sink, id))"""


@dataclass(frozen=True)
class Owed:
    """An alert that has not arrived; `number` is its row, `refusals` how often the receiver would not have it."""

    number: int
    alert: Alert
    refusals: int


class Spool:
    """Safe to share between threads; one program at a time may use a file.

    Args:
        path: of the file, which is made; None keeps the alerts in memory only.
        most: alerts kept for one sink.

    Raises:
        UsageError: another program uses it (`alerts.spool_busy`).
        OutsideError: it cannot be made or is no spool (`alerts.spool`).
    """

    def __init__(self, path: Path | None, most: int = MOST_ALERTS) -> None:
        self.path = path
        self._most = most
        self._lock = threading.Lock()
        try:
            self._rows = _opened(path)
        except (OSError, sqlite3.Error) as e:
            if "locked" in str(e):
                hint = "stop the other soundflow, or give --spool FILE"
                raise UsageError("alerts.spool_busy", f"another program uses the spool {path}", hint) from e
            hint = "give another place with --spool FILE"
            raise OutsideError("alerts.spool", f"cannot keep alerts in {path}: {e}", hint) from e

    def put(self, alert: Alert, sinks: Sequence[str]) -> int:
        """Keep an alert for each of these sinks; an id that is there already is not kept twice.

        Returns:
            How many old alerts had to make room.

        Raises:
            OutsideError: it could not be written (`alerts.spool`).
        """
        text, dropped = alert.to_json(), 0
        with self._using() as rows:
            for sink in sinks:
                rows.execute("INSERT OR IGNORE INTO owed (sink, id, alert) VALUES (?, ?, ?)", (sink, alert.id, text))
                surplus = "SELECT number FROM owed WHERE sink = ? ORDER BY number DESC LIMIT -1 OFFSET ?"
                dropped += rows.execute(f"DELETE FROM owed WHERE number IN ({surplus})", (sink, self._most)).rowcount
        return dropped

    def next(self, sink: str, now: float, besides: Collection[int] = ()) -> Owed | None:
        """The oldest alert that is due to this sink, these rows aside; one that nobody can read is dropped on the way.

        `now` and `later`'s moments are of the clock of this run: after a restart everything is due.

        Raises:
            OutsideError: the file cannot be used (`alerts.spool`); so do the other methods.
        """
        while True:
            with self._using() as rows:
                due = f"SELECT number, alert, refusals FROM owed WHERE sink = ? AND due <= ? AND {_none_of(besides)}"
                found = rows.execute(f"{due} ORDER BY number LIMIT 1", (sink, now)).fetchone()
            if found is None:
                return None
            number, text, refusals = found
            try:
                return Owed(number, read_alert(text), refusals)
            except InputError:
                self.done(number)

    def done(self, number: int) -> None:
        """It has arrived, or nobody tries any more: forget it."""
        with self._using() as rows:
            rows.execute("DELETE FROM owed WHERE number = ?", (number,))

    def later(self, number: int, due: float) -> None:
        """It was refused: count that, and leave it until then."""
        with self._using() as rows:
            rows.execute("UPDATE owed SET refusals = refusals + 1, due = ? WHERE number = ?", (due, number))

    def next_due(self, sink: str, besides: Collection[int] = ()) -> float | None:
        """When the next alert is due to this sink, these rows aside; None when none is owed."""
        with self._using() as rows:
            due = f"SELECT MIN(due) FROM owed WHERE sink = ? AND {_none_of(besides)}"
            found = rows.execute(due, (sink,)).fetchone()[0]
        return None if found is None else float(found)

    def waiting(self) -> dict[str, int]:
        """How many alerts are owed, by sink, those of earlier runs too."""
        with self._using() as rows:
            return dict(rows.execute("SELECT sink, COUNT(*) FROM owed GROUP BY sink").fetchall())

    def close(self) -> None:
        """Let the file go."""
        with self._lock:
            self._rows.close()

    @contextmanager
    def _using(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                with self._rows:  # all of it or nothing
                    yield self._rows
            except sqlite3.Error as e:
                hint = "check the space left on the disk"
                raise OutsideError("alerts.spool", f"cannot use the spool {self.path}: {e}", hint) from e


def _none_of(numbers: Collection[int]) -> str:
    """A condition on rows; the numbers stand in it, because SQLite bounds how many values a statement may be given."""
    return f"number NOT IN ({', '.join(str(int(number)) for number in numbers)})"


def _opened(path: Path | None) -> sqlite3.Connection:
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)  # it holds what was said in somebody's home
    rows = sqlite3.connect(path or ":memory:", timeout=0, check_same_thread=False)
    try:
        # held until the end: two programs would deliver each alert twice. Killed, its holder lets go.
        rows.execute("PRAGMA locking_mode = EXCLUSIVE")
        rows.execute("PRAGMA journal_mode = WAL")  # a commit waits for no disk, and survives the program
        rows.execute("PRAGMA synchronous = NORMAL")
        rows.execute("PRAGMA secure_delete = ON")  # what has arrived leaves no trace
        with rows:
            rows.execute(_TABLE)
            rows.execute("UPDATE owed SET due = 0")
    except sqlite3.Error:
        rows.close()
        raise
    return rows
