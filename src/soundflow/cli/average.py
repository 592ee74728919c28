"""`soundflow model average`: one model between two. Tests: tests/cli/test_convert.py."""

from __future__ import annotations

from typing import Annotated

import typer

from soundflow.cli.options import DebugOption, JsonOption


def average(
    before: Annotated[str, typer.Argument(metavar="M", help="A model's folder, or a packaged one: before a training.")],
    after: Annotated[str, typer.Argument(metavar="N", help="The same model behind it.")],
    out: Annotated[str, typer.Argument(metavar="OUT", help="The folder to write, in our own layout.")],
    share: Annotated[
        float, typer.Option("--share", min=0.0, max=1.0, help="How much of N is in it; the rest is M.")
    ] = 0.5,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Write the mean of two models: what a training taught, with more of what the model could before.

    \b
    Example:
      soundflow model average nano runs/finetune/model mine --share 0.6
    """
    import json
    from pathlib import Path

    from soundflow.errors import UsageError
    from soundflow.model.average import average as average_of
    from soundflow.model.checkpoint.find import find_folder
    from soundflow.model.checkpoint.ours import save_folder
    from soundflow.model.checkpoint.recognise import load_model

    first, second, target = find_folder(before), find_folder(after), Path(out)
    if target.resolve() in (first.resolve(), second.resolve()):
        raise UsageError("average.same", f"{out} is one of the two", "name another folder")
    save_folder(average_of(load_model(first), load_model(second), share), target)
    facts = {"out": str(target), "models": [str(first), str(second)], "share": share}
    typer.echo(json.dumps(facts) if as_json else str(target))
