"""Bytes there, rate and time left, told now and then where there is no terminal."""

from __future__ import annotations

import io
from collections.abc import Sequence

from rich.console import Console

from soundflow.cli.byte_progress import ByteProgress


def run(console: Console, steps: Sequence[tuple[float, int, int | None]]) -> None:
    times = iter([0.0, *(moment for moment, _, _ in steps)])
    with ByteProgress("a.zip", console, lambda: next(times)) as progress:
        for _, done, whole in steps:
            progress.there(done, whole)


def test_lines_come_every_half_minute_and_count_only_what_came_now() -> None:
    out = io.StringIO()
    steps = [(1.0, 50_000_000, 200_000_000), (11.0, 60_000_000, 200_000_000), (51.0, 100_000_000, 200_000_000)]
    run(Console(file=out, width=80), steps)
    assert out.getvalue().splitlines() == ["a.zip: 100 of 200 MB, 1.0 MB/s, 100 s left"]


def test_a_size_that_nobody_told_is_left_out() -> None:
    out = io.StringIO()
    run(Console(file=out, width=80), [(0.0, 0, None), (40.0, 8_000_000, None)])
    assert out.getvalue().splitlines() == ["a.zip: 8 MB, 0.2 MB/s"]


def test_on_a_terminal_there_is_a_bar_and_no_line() -> None:
    out = io.StringIO()
    run(Console(file=out, width=80, force_terminal=True), [(1.0, 1, 9), (61.0, 9, 9)])
    assert "a.zip" in out.getvalue() and "s left" not in out.getvalue()
