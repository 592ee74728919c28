"""`soundflow analyze attention`: where does a decision look? Tests: tests/cli/test_analyze.py."""

from __future__ import annotations

import typer

from soundflow.cli.analyze_options import (
    ChunkOption,
    FloatName,
    FloatOption,
    InstructionOption,
    PictureOption,
    StreamArgument,
)
from soundflow.cli.options import DebugOption, JsonOption, ModelOption, ThreadsOption

HEADS_SHOWN = 12  # lines without --json, those that look most at sound


def attention(
    source: StreamArgument,
    chunk: ChunkOption = None,
    instruction: InstructionOption = None,
    model: ModelOption = "nano",
    picture: PictureOption = None,
    arithmetic: FloatOption = FloatName.float32,
    as_json: JsonOption = False,
    threads: ThreadsOption = 1,
    debug: DebugOption = False,
) -> None:
    """The attention of every head at one decision, over the chunks of the stream and the instruction.

    \b
    Example:
      soundflow analyze attention kitchen --picture attention.png
    """
    import json

    from soundflow.analysis.attention import decision_attention
    from soundflow.analysis.pictures import draw_attention
    from soundflow.analysis.walk import likeliest, walk
    from soundflow.cli.analyze_options import described, heard_until, loaded

    bundle = loaded(model, arithmetic, threads, picture)
    sound = heard_until(source, bundle, chunk)
    found = walk(bundle, sound.samples, instruction)
    decided = likeliest(found) if chunk is None else chunk
    looked = decision_attention(bundle, found, decided)
    seconds = bundle.config.chunk_seconds
    end = (decided + 1) * seconds
    if picture is not None:
        title = f"{bundle.name} · {sound.name} · chunk {decided}, until {end:.1f} s · p(speak) {looked.p_response:.2f}"
        draw_attention(looked, sound.samples, seconds, title, picture, sound.timeline)
    result = described(bundle, {"stream": sound.name, **looked.to_dict()}, arithmetic)
    if as_json:
        typer.echo(json.dumps(result, ensure_ascii=False, allow_nan=False))
        return
    typer.echo(f"{sound.name} · chunk {decided}, until {end:.1f} s · p(speak) {looked.p_response:.2f}")
    for row in result["heads"][:HEADS_SHOWN]:
        shares = f"sound {row['sound']:.2f} (own chunk {row['own_chunk']:.2f}), instruction {row['instruction']:.2f}"
        typer.echo(f"  {row['head']:<7} {shares}")
