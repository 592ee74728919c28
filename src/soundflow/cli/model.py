"""`soundflow model`: look at a model. Tests: tests/cli/test_model.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from soundflow.cli.options import DebugOption, JsonOption
from soundflow.cli.trace import trace

if TYPE_CHECKING:
    from soundflow.api import Model

app = typer.Typer(rich_markup_mode=None, no_args_is_help=False)

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
    name: Annotated[str, typer.Argument(metavar="M", help="`nano`, or a model's folder.")] = "nano",
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Say what a model is: shape, size, front end, chunk, window and threshold.

    \b
    Example:
      soundflow model info nano
    """
    import json

    from soundflow.api import load

    facts = describe(load(name, arithmetic="float32"))
    if as_json:
        typer.echo(json.dumps(facts, ensure_ascii=False))
        return
    width = max(len(key) for key in facts)
    for key, value in facts.items():
        typer.echo(f"{key.replace('_', ' '):<{width}}  {value}")


def describe(model: Model) -> dict[str, Any]:
    """The facts of one model, by name."""
    config, network = model.config, model.bundle.network
    encoder, decoder, folder = config.encoder, config.decoder, model.path
    files = sorted(p for p in folder.iterdir() if p.is_file()) if folder else []
    card = next((str(p) for p in files if p.name == "README.md"), None)
    counts = {part: sum(p.numel() for p in getattr(network, part).parameters()) for part in ("encoder", "decoder")}
    return {
        "name": model.name,
        "parameters": sum(p.numel() for p in network.parameters()),
        "encoder": f"{encoder.encoder_layers} layers of width {encoder.d_model}, {counts['encoder']:,} parameters",
        "decoder": f"{decoder.num_hidden_layers} layers of width {decoder.hidden_size}, "
        f"{counts['decoder']:,} parameters, {decoder.vocab_size} tokens",
        "front_end": f"{encoder.num_mel_bins} mel bins, normaliser {config.normaliser}",
        "chunk_seconds": config.chunk_seconds,
        "audio_positions_a_chunk": config.audio_positions,
        "window_seconds": round(config.max_chunks * config.chunk_seconds, 3),
        "threshold": config.response_threshold,
        "most_tokens_a_reply": config.max_reply_tokens,
        "instruction": config.default_instruction,
        "labels": len(config.labels),
        "bytes_on_disk": sum(p.stat().st_size for p in files),
        "folder": None if folder is None else str(folder),
        "card": card,
    }
