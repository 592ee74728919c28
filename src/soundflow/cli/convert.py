"""`soundflow model convert`: one layout into another. Tests: tests/cli/test_convert.py."""

from __future__ import annotations

from typing import Annotated

import typer

from soundflow.cli.options import DebugOption, JsonOption


def convert(
    source: Annotated[str, typer.Argument(metavar="M", help="A model's folder of any layout, or a name on the hub.")],
    out: Annotated[str, typer.Argument(metavar="OUT", help="The folder to write.")],
    to: Annotated[
        str, typer.Option("--to", metavar="soundflow|transformers", help="The layout to write.")
    ] = "soundflow",
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Write a model in another layout; every weight keeps its type and its bits.

    In the layout of transformers, int8 and int4 weights of ours become float32.

    \b
    Example:
      soundflow model convert RELEASED-FOLDER mine
      soundflow model convert mine theirs --to transformers
    """
    import json
    from pathlib import Path

    from soundflow.errors import UsageError
    from soundflow.model.checkpoint.assemble import AS_STORED
    from soundflow.model.checkpoint.find import find_folder
    from soundflow.model.checkpoint.omni import save_omni
    from soundflow.model.checkpoint.ours import copy_folder, save_folder
    from soundflow.model.checkpoint.recognise import layout_of, load_model
    from soundflow.model.checkpoint.write import folder_bytes

    if to not in ("soundflow", "transformers"):
        raise UsageError("convert.layout", f"--to {to}", "use soundflow or transformers")
    folder, target = find_folder(source), Path(out)
    if target.resolve() == folder.resolve():
        raise UsageError("convert.same", f"{out} is the model itself", "name another folder")
    bundle, layout = load_model(folder, AS_STORED), layout_of(folder)
    if layout == to == "soundflow":
        copy_folder(folder, target)  # of what is known now to be a whole model
    elif to == "soundflow":
        save_folder(bundle, target, "same")
    else:
        save_omni(bundle, target)
    facts = {"from": layout, "to": to, "out": str(target), "bytes": folder_bytes(target)}
    line = f"{facts['from']} to {to}: {target}, {facts['bytes']:,} bytes"
    typer.echo(json.dumps(facts) if as_json else line)
