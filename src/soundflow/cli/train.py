"""`soundflow train`: a model from a recipe. Tests: tests/cli/test_train.py."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from soundflow.cli.options import DebugOption, JsonOption


def train(
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE", help="A TOML recipe, such as recipes/nano.toml.")],
    overrides: Annotated[
        list[str] | None, typer.Argument(metavar="key=value", help="Values that replace the recipe's.")
    ] = None,
    plan: Annotated[
        bool, typer.Option("--plan", help="Say whether it will fit and how long it takes; then stop.")
    ] = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Train a model; a run that was stopped goes on where its last checkpoint stands.

    With `torchrun --no-python --nproc-per-node 2 soundflow train ...` several processes learn together.

    \b
    Example:
      soundflow train recipes/nano.toml clips=../clips ears.steps=300
      soundflow train recipes/stage4.toml start=nano data=corpus --plan
      soundflow train recipes/finetune.toml data=mine
    """
    import json
    import logging
    import os

    values = tuple(overrides or ())
    speaks = os.environ.get("RANK", "0") == "0"  # of the processes that torchrun started, the first
    if plan:
        from soundflow.train.staged import plan_staged, read_staged

        for found in plan_staged(read_staged(recipe, values)):
            if speaks:
                typer.echo(json.dumps(found.to_dict()) if as_json else str(found))
        return

    from soundflow.train.run import run_recipe

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    folder = run_recipe(recipe, values)
    if speaks:
        typer.echo(json.dumps({"out": str(folder)}) if as_json else folder)
