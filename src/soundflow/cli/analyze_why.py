"""`soundflow analyze why`: which sound made it speak? Tests: tests/cli/test_analyze.py."""

from __future__ import annotations

import typer

from soundflow.cli.analyze_options import (
    ArithmeticName,
    ArithmeticOption,
    ChunkOption,
    InstructionOption,
    PictureOption,
    StreamArgument,
)
from soundflow.cli.options import DebugOption, JsonOption, ModelOption, ThreadsOption


def why(
    source: StreamArgument,
    chunk: ChunkOption = None,
    instruction: InstructionOption = None,
    model: ModelOption = "nano",
    picture: PictureOption = None,
    arithmetic: ArithmeticOption = ArithmeticName.auto,
    as_json: JsonOption = False,
    threads: ThreadsOption = 1,
    debug: DebugOption = False,
) -> None:
    """Cover stretches of the sound before a decision, one at a time, and see without which it would not have spoken.

    \b
    Example:
      soundflow analyze why kitchen --picture why.png
    """
    import json

    from soundflow.analysis.occlusion import passes_of, reason
    from soundflow.analysis.pictures import draw_reason
    from soundflow.analysis.walk import likeliest, walk
    from soundflow.cli.analyze_options import described, heard_until, loaded
    from soundflow.cli.row_progress import RowProgress

    bundle = loaded(model, arithmetic, threads, picture)
    sound = heard_until(source, bundle, chunk)
    found = walk(bundle, sound.samples, instruction)
    decided = likeliest(found) if chunk is None else chunk
    with RowProgress("covering", passes_of(bundle, decided)) as progress:
        why_so = reason(bundle, sound.samples, found, decided, done=progress.done)
    title = f"{sound.name} · chunk {decided}, until {why_so.end:.1f} s · p(speak) {why_so.p_response:.2f}"
    if picture is not None:
        draw_reason(why_so, sound.samples, f"{bundle.name} · {title}", picture, sound.timeline)
    if as_json:
        result = described(bundle, {"stream": sound.name, **why_so.to_dict()}, arithmetic)
        typer.echo(json.dumps(result, ensure_ascii=False, allow_nan=False))
        return
    carrier = why_so.carrier
    said = "is what made it speak" if why_so.turns else "speaks most for speaking"
    typer.echo(f"{title}, threshold {why_so.threshold:g}")
    typer.echo(f"  {carrier.start:.1f} – {carrier.end:.1f} s {said}: without it p(speak) is {carrier.p_response:.2f}")
    typer.echo(f"  with nothing else in reach p(speak) is {why_so.p_carrier_alone:.2f}")
