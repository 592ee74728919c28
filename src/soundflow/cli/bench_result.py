"""How a bench tells what it found: one JSON object, or tables; and its rows for `bench compare`.

Tests: tests/cli/test_bench_result.py.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.console import RenderableType

MOST_COLUMNS = 120  # of a table that goes to a file or a pipe


def show(
    result: Mapping[str, Any], as_json: bool, table: Callable[[Mapping[str, Any]], RenderableType]
) -> dict[str, Any]:
    """Print a result with the command that made it, and return it."""
    from rich.console import Console

    whole = {**result, "command": command()}
    if as_json:
        from soundflow.bench.rows import as_line

        typer.echo(as_line(whole, allow_nan=False))
    else:
        console = Console()
        wide = console if console.is_terminal else Console(width=MOST_COLUMNS)
        wide.print(table(whole))
    return whole


def command() -> str:
    """The command line as it was typed."""
    return shlex.join(["soundflow", *sys.argv[1:]])


def write_outcomes(path: Path | None, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write a row an event where a file was asked for.

    Raises:
        OutsideError: the disk refuses.
    """
    if path is not None:
        from soundflow.bench.rows import write_rows

        write_rows(path, rows)
