"""Rows done and time left, told now and then where there is no terminal."""

from __future__ import annotations

import io

from rich.console import Console

from soundflow.cli.row_progress import RowProgress


def run(console: Console, moments: list[float]) -> None:
    times = iter(moments)
    with RowProgress("asking", 10, console, lambda: next(times)) as progress:
        for _ in moments[1:]:
            progress.done()


def test_lines_come_every_half_minute() -> None:
    out = io.StringIO()
    run(Console(file=out, width=80), [0.0, 29.0, 31.0, 32.0, 64.0])
    assert out.getvalue().splitlines() == ["asking: 2 of 10, 0.1/s, 124 s left", "asking: 4 of 10, 0.1/s, 96 s left"]


def test_on_a_terminal_there_is_a_bar_and_no_line() -> None:
    out = io.StringIO()
    run(Console(file=out, width=80, force_terminal=True), [0.0, 31.0, 62.0])
    assert "asking" in out.getvalue() and "s left" not in out.getvalue()
