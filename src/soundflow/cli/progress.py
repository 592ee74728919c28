"""How far a long job is, on standard error: a bar on a terminal, a line now and then elsewhere.

Tests: tests/cli/test_progress.py.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

_LINE_EVERY_SECONDS = 30.0  # where there is no terminal; chosen


class SoundProgress:
    """Counts seconds of sound against what is expected, and tells the rate and the time left.

    Args:
        doing: what happens before the first sound was heard.
        expected_seconds: of sound, in all.
        console: where to write; standard error unless given.
        now: seconds of a clock that never goes back.
    """

    def __init__(
        self,
        doing: str,
        expected_seconds: float,
        console: Console | None = None,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self._console = console or Console(stderr=True)
        self._now = now
        self._expected = max(expected_seconds, 1.0)
        self._heard = 0.0
        self._doing = doing
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )

    def __enter__(self) -> SoundProgress:
        self._bar.start()
        self._task = self._bar.add_task(self._doing, total=self._expected, rate="")
        self._started_at: float | None = None
        self._told_at = self._now()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def heard(self, what: str, seconds: float) -> None:
        """So many more seconds of one kind of sound were heard."""
        now = self._now()
        if self._started_at is None:  # what came before was decoding: from here on the rate means something
            self._started_at = self._told_at = now
            self._expected -= seconds
            self._bar.update(self._task, total=max(self._expected, 1.0), description=what)
            return
        self._heard += seconds
        rate = self._heard / max(now - self._started_at, 1e-6)
        self._bar.update(self._task, completed=self._heard, description=what, rate=f"{rate:.0f} x real time")
        if self._bar.disable and now - self._told_at >= _LINE_EVERY_SECONDS:
            self._told_at = now
            left = max(self._expected - self._heard, 0.0) / max(rate, 1e-6)
            share = min(self._heard / max(self._expected, 1e-6), 1.0)
            self._console.print(f"{what}: {share:.0%}, {rate:.0f} x real time, {left:.0f} s left", highlight=False)
