"""`soundflow model assemble`: an encoder and a language model become a model. Tests: tests/cli/test_assemble.py."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from soundflow.cli.options import DebugOption, JsonOption


def assemble(
    encoder: Annotated[
        str, typer.Option("--encoder", metavar="E", help="A Whisper: a folder, a name on the hub, or `package`.")
    ],
    decoder: Annotated[
        str,
        typer.Option("--decoder", metavar="D", help="A causal LM: a folder, a .gguf, a name on the hub, or `package`."),
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder to write.")],
    encoder_layers: Annotated[
        int | None, typer.Option("--encoder-layers", min=1, help="The encoder's first layers; else all.")
    ] = None,
    pool: Annotated[int, typer.Option("--pool", min=1, help="Encoder positions (50 a second) that become one.")] = 2,
    storage: Annotated[str, typer.Option("--storage", help="float32, bfloat16 or float16.")] = "float32",
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Make a model out of a Whisper-style encoder and a causal language model, ready to be trained by stages.

    \b
    Example:
      soundflow model assemble --encoder openai/whisper-base --decoder HuggingFaceTB/SmolLM2-135M-Instruct --out small
      soundflow train recipes/small.toml start=small data=corpus
    """
    import json

    from soundflow.errors import UsageError
    from soundflow.model.checkpoint.causal_lm import read_causal_lm
    from soundflow.model.checkpoint.join import join
    from soundflow.model.checkpoint.ours import save_folder
    from soundflow.model.checkpoint.whisper import whisper_encoder_state
    from soundflow.model.checkpoint.write import folder_bytes
    from soundflow.model.network import count_parameters

    if storage not in ("float32", "bfloat16", "float16"):
        raise UsageError("assemble.storage", f"--storage {storage}", "use float32, bfloat16 or float16")
    lm = read_causal_lm(decoder)
    bundle = join(out.resolve().name, whisper_encoder_state(encoder, encoder_layers), lm, pool)
    save_folder(bundle, out, storage)  # type: ignore[arg-type]
    facts = {
        "out": str(out),
        "parameters": count_parameters(bundle.network),
        "encoder": f"{bundle.config.encoder.encoder_layers} layers of width {bundle.config.encoder.d_model}",
        "decoder": f"{lm.name}, {lm.config.num_hidden_layers} layers of width {lm.config.hidden_size}",
        "vocabulary": bundle.config.decoder.vocab_size,
        "bytes": folder_bytes(out),
    }
    if as_json:
        typer.echo(json.dumps(facts))
        return
    typer.echo(f"{out}: {facts['parameters']:,} weights; {facts['encoder']}; {facts['decoder']}; next: train it")
