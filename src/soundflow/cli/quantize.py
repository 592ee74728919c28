"""`soundflow model quantize`: weights in fewer bits, and what that changed. Tests: tests/cli/test_convert.py."""

from __future__ import annotations

from typing import Annotated

import typer

from soundflow.cli.options import DebugOption, JsonOption


def quantize(
    source: Annotated[str, typer.Argument(metavar="M", help="A model's folder of any layout, or a name on the hub.")],
    out: Annotated[str, typer.Argument(metavar="OUT", help="The folder to write, in our own layout.")],
    to: Annotated[str, typer.Option("--to", metavar="int8|int4", help="The bits of a weight.")] = "int8",
    sound: Annotated[
        list[str] | None,
        typer.Option("--sound", metavar="FILE", help="Compare on this file; may be given again [the examples]."),
    ] = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Store a model's matrices in 8 or 4 bits, and report size, speed and agreement before and after.

    \b
    Example:
      soundflow model quantize mine mine-int8
    """
    import dataclasses
    import json
    from pathlib import Path
    from typing import Literal

    from soundflow.api import example_path, examples, load
    from soundflow.audio.decode import read_audio
    from soundflow.bench.agreement import compare
    from soundflow.errors import UsageError
    from soundflow.model.checkpoint.find import find_folder
    from soundflow.model.checkpoint.ours import save_folder
    from soundflow.model.checkpoint.recognise import load_model
    from soundflow.model.checkpoint.write import folder_bytes
    from soundflow.model.int4 import int4_supported
    from soundflow.model.quantize import int8_supported

    folder, target = find_folder(source), Path(out)
    if target.resolve() == folder.resolve():
        raise UsageError("convert.same", f"{out} is the model itself", "name another folder")
    paths = [Path(name) for name in sound] if sound else [p for name in examples() if (p := example_path(name))]
    sounds = {str(path): read_audio(path) for path in paths}
    arithmetic: Literal["int8", "int4", "float32"]
    if to == "int8":
        arithmetic = "int8" if int8_supported() else "float32"
    elif to == "int4":
        arithmetic = "int4" if int4_supported() else "float32"
    else:
        raise UsageError("quantize.bits", f"--to {to}", "use int8 or int4")
    before = load_model(folder)
    save_folder(before, target, "int8" if to == "int8" else "int4")
    after = load(target, arithmetic, "cpu").bundle  # where `before` is
    found = dataclasses.asdict(compare(before, after, sounds))
    sizes = {"bytes_before": folder_bytes(folder), "bytes_after": folder_bytes(target)}
    facts = {"out": str(target), "arithmetic": arithmetic, **sizes, **found}
    if as_json:
        typer.echo(json.dumps(facts))
        return
    typer.echo(f"{target}: {sizes['bytes_after']:,} bytes, before {sizes['bytes_before']:,}")
    typer.echo(f"a chunk takes {found['ms_after']} ms in {arithmetic}, {found['ms_before']} ms in float32 (median)")
    typer.echo(
        f"{found['same_decisions']} of {found['chunks']} decisions are the same, "
        f"{found['same_replies']} of {found['replies']} replies, word for word"
    )
