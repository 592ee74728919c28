"""Options that several benchmarks share. Tests: tests/cli/test_bench.py."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def place_for_rows(path: Path | None) -> Path | None:
    """A file that can be written, tried as soon as it is named: hours may lie between that and its first row.

    Raises:
        OutsideError: the disk refuses.
    """
    if path is not None:
        from soundflow.bench.rows import check_place

        check_place(path)
    return path


ClipsOption = Annotated[Path, typer.Option("--clips", metavar="DIR", help="A folder with clips.jsonl and labels.json.")]
OutcomesOption = Annotated[
    Path | None,
    typer.Option("--outcomes", metavar="FILE", help="A row an event, for bench compare.", callback=place_for_rows),
]
