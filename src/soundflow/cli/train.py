"""`soundflow train`: a model from a recipe. Tests: tests/cli/test_train.py."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from soundflow.cli.options import DebugOption


def train(
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE", help="A TOML recipe, such as recipes/nano.toml.")],
    overrides: Annotated[
        list[str] | None, typer.Argument(metavar="key=value", help="Values that replace the recipe's.")
    ] = None,
    debug: DebugOption = False,
) -> None:
    """Train a model; a run that was stopped goes on where its last checkpoint stands.

    \b
    Example:
      soundflow train recipes/nano.toml clips=../clips ears.steps=300
    """
    import logging

    from soundflow.train.run import run_recipe

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    folder = run_recipe(recipe, tuple(overrides or ()))
    typer.echo(folder)
