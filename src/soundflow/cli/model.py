"""`soundflow model`: look at a model. Tests: tests/cli/test_model.py."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from soundflow.cli.assemble import assemble
from soundflow.cli.average import average
from soundflow.cli.convert import convert
from soundflow.cli.options import DebugOption, JsonOption
from soundflow.cli.quantize import quantize
from soundflow.cli.trace import trace

app = typer.Typer(rich_markup_mode=None, no_args_is_help=False)

app.command("assemble")(assemble)
app.command("average")(average)
app.command("convert")(convert)
app.command("quantize")(quantize)
app.command("trace")(trace)


@app.callback(invoke_without_command=True)
def model(context: typer.Context) -> None:
    """Look at a model.

    \b
    Example:
      soundflow model info nano
    """
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command("info")
def info(
    name: Annotated[
        str, typer.Argument(metavar="M", help="`nano`, `nano-2`, a model's folder of any layout, or a name on the hub.")
    ] = "nano",
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Say what a model is: shape, front end, window, memory at each arithmetic, and whether it fits this machine.

    \b
    Example:
      soundflow model info nano
    """
    import json

    from soundflow.model.checkpoint.find import find_folder

    facts = describe(find_folder(name))
    if as_json:
        typer.echo(json.dumps(facts, ensure_ascii=False))
        return
    width = max(len(key) for key in facts)
    for key, value in facts.items():
        typer.echo(f"{key.replace('_', ' '):<{width}}  {_readable(value)}")


def describe(folder: Path) -> dict[str, Any]:
    """The facts of the model in a folder, by name; no weight is read."""
    from soundflow.model.checkpoint.recognise import config_of, layout_of
    from soundflow.model.checkpoint.write import folder_bytes
    from soundflow.model.sizing import available_bytes, fits, sizes_of

    config = config_of(folder)
    encoder, decoder, sizes = config.encoder, config.decoder, sizes_of(config)
    available = available_bytes()
    card = folder / "README.md"
    return {
        "name": config.name,
        "layout": layout_of(folder),
        "parameters": sizes.parameters,
        "encoder": f"{encoder.encoder_layers} layers of width {encoder.d_model}, "
        f"{sizes.encoder_parameters:,} parameters",
        "decoder": f"{decoder.num_hidden_layers} layers of width {decoder.hidden_size}, "
        f"{sizes.decoder_parameters:,} parameters, {decoder.vocab_size} tokens",
        "front_end": f"{encoder.num_mel_bins} mel bins, normaliser {config.normaliser}",
        "positions": "exact" if decoder.position_dtype == "exact" else "rounded to float16, as trained",
        "chunk_seconds": config.chunk_seconds,
        "audio_positions_a_chunk": config.audio_positions,
        "window_seconds": sizes.window_seconds,
        "threshold": config.response_threshold,
        "most_tokens_a_reply": config.max_reply_tokens,
        "instruction": config.default_instruction,
        "labels": len(config.labels),
        "weight_bytes": sizes.weight_bytes,
        "kv_bytes_per_second": sizes.kv_bytes_per_second,
        "window_bytes": sizes.window_bytes,
        "available_bytes": available,
        "fits_this_machine": None if available is None else fits(sizes, available),
        "bytes_on_disk": folder_bytes(folder),
        "folder": str(folder),
        "card": str(card) if card.is_file() else None,
    }


def _readable(value: Any) -> str:
    """A fact for a person: groups of thousands, parts of a whole in one line."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {_readable(part)}" for name, part in value.items())
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)
