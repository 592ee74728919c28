"""How many rows of a long job are done, and how fast, on standard error: a bar on a terminal, else a line now and then.

Tests: tests/cli/test_row_progress.py.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

_LINE_EVERY_SECONDS = 30.0  # where there is no terminal; chosen


class RowProgress:
    """Counts rows against how many there are, and tells the rate and the time left.

    Args:
        doing: what happens to a row.
        rows: how many there are to do.
        console: where to write; standard error unless given.
        now: seconds of a clock that never goes back.
    """

    def __init__(
        self, doing: str, rows: int, console: Console | None = None, now: Callable[[], float] = monotonic
    ) -> None:
        self._console = console or Console(stderr=True)
        self._now = now
        self._doing = doing
        self._rows = rows
        self._done = 0
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )

    def __enter__(self) -> RowProgress:
        self._bar.start()
        self._task = self._bar.add_task(self._doing, total=self._rows, rate="")
        self._started_at = self._told_at = self._now()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def done(self) -> None:
        """One more row is done."""
        self._done += 1
        now = self._now()
        rate = self._done / max(now - self._started_at, 1e-6)
        self._bar.update(self._task, completed=self._done, rate=f"{rate:.1f}/s")
        if self._bar.disable and now - self._told_at >= _LINE_EVERY_SECONDS:
            self._told_at = now
            left = (self._rows - self._done) / rate
            line = f"{self._doing}: {self._done} of {self._rows}, {rate:.1f}/s, {left:.0f} s left"
            self._console.print(line, highlight=False)
