"""`soundflow ask`: a question about a recording. Tests: tests/cli/test_ask.py."""

from __future__ import annotations

from typing import Annotated

import typer

from soundflow.cli.options import DebugOption, ModelOption


def ask(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="A sound file or a packaged example's name.")],
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="What you want to know about it.")],
    model: ModelOption = "nano",
    debug: DebugOption = False,
) -> None:
    """Answer a question about a recording. nano cannot: it only listens and speaks up.

    \b
    Example:
      soundflow ask song.wav "Which instrument is this?" --model FOLDER
    """
    from soundflow.api import ask as answer

    typer.echo(answer(source, question, model=model))
