"""Options that several verbs share. Tests: tests/cli/test_main.py."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ModelOption = Annotated[str, typer.Option("--model", metavar="M", help="`nano`, `nano-2`, or a model's folder.")]
ThresholdOption = Annotated[
    float | None, typer.Option("--threshold", min=0.0, max=1.0, help="p(response) from which the model speaks.")
]
SplitOption = Annotated[str, typer.Option("--split", help="The split whose clips are heard.")]
SeedOption = Annotated[int, typer.Option("--seed", min=0, help="Which streams.")]
CacheOption = Annotated[
    Path | None, typer.Option("--cache", metavar="DIR", help="Where decoded clips are kept.", show_default=False)
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object a line and nothing else.")]
ThreadsOption = Annotated[int, typer.Option("--threads", min=1, help="Threads for the arithmetic.")]
DebugOption = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
