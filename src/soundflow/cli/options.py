"""Options that several verbs share. Tests: tests/cli/test_main.py."""

from __future__ import annotations

from typing import Annotated

import typer

ModelOption = Annotated[str, typer.Option("--model", metavar="M", help="`nano`, or a model's folder.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object a line and nothing else.")]
ThreadsOption = Annotated[int, typer.Option("--threads", min=1, help="Threads for the arithmetic.")]
DebugOption = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
