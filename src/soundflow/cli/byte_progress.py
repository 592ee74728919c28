"""How far a download is, on standard error: a bar on a terminal, a line now and then elsewhere.

Tests: tests/cli/test_byte_progress.py.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

_LINE_EVERY_SECONDS = 30.0  # where there is no terminal; chosen
_MEGABYTE = 1e6


class ByteProgress:
    """Counts bytes of one file against its size, and tells the rate and the time left.

    Args:
        doing: what is fetched.
        console: where to write; standard error unless given.
        now: seconds of a clock that never goes back.
    """

    def __init__(self, doing: str, console: Console | None = None, now: Callable[[], float] = monotonic) -> None:
        self._console = console or Console(stderr=True)
        self._now = now
        self._doing = doing
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )

    def __enter__(self) -> ByteProgress:
        self._bar.start()
        self._task = self._bar.add_task(self._doing, total=None)
        self._told_at = self._now()
        self._first: tuple[float, int] | None = None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def there(self, done: int, whole: int | None) -> None:
        """So many bytes are there by now, of so many if that is known."""
        now = self._now()
        self._first = self._first or (now, done)  # what an earlier run brought is no part of the rate
        self._bar.update(self._task, completed=done, total=whole)
        if not self._bar.disable or now - self._told_at < _LINE_EVERY_SECONDS:
            return
        self._told_at = now
        rate = (done - self._first[1]) / max(now - self._first[0], 1e-6)
        left = f", {(whole - done) / rate:.0f} s left" if whole and rate else ""
        of = f" of {whole / _MEGABYTE:.0f}" if whole else ""
        line = f"{self._doing}: {done / _MEGABYTE:.0f}{of} MB, {rate / _MEGABYTE:.1f} MB/s{left}"
        self._console.print(line, highlight=False)
