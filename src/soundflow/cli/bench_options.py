"""Options that several benchmarks share. Tests: tests/cli/test_bench.py."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ClipsOption = Annotated[Path, typer.Option("--clips", metavar="DIR", help="A folder with clips.jsonl and labels.json.")]
OutcomesOption = Annotated[
    Path | None, typer.Option("--outcomes", metavar="FILE", help="A row an event, for bench compare.")
]
