"""`soundflow analyze continuity`: is the stream whole again inside? Tests: tests/cli/test_analyze.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import typer

from soundflow.cli.analyze_options import (
    ClipsOption,
    FloatName,
    FloatOption,
    PictureOption,
    StreamsOption,
    TaskOption,
)
from soundflow.cli.bench import TaskName
from soundflow.cli.options import (
    CacheOption,
    DebugOption,
    JsonOption,
    ModelOption,
    SeedOption,
    SplitOption,
    ThreadsOption,
)

if TYPE_CHECKING:
    from rich.table import Table


def continuity(
    clips: ClipsOption = None,
    split: SplitOption = "test",
    streams: StreamsOption = 40,
    seed: SeedOption = 0,
    task: TaskOption = TaskName.proactive,
    model: ModelOption = "nano",
    picture: PictureOption = None,
    cache: CacheOption = None,
    arithmetic: FloatOption = FloatName.float32,
    as_json: JsonOption = False,
    threads: ThreadsOption = 1,
    debug: DebugOption = False,
) -> None:
    """Rows across a chunk's border against rows within a chunk: at the encoder, the adapter and every layer.

    \b
    Example:
      soundflow analyze continuity --picture continuity.png
    """
    import json

    from rich.console import Console

    from soundflow.analysis.continuity import continuity as measure
    from soundflow.analysis.pictures import draw_continuity
    from soundflow.cli.analyze_options import chosen_streams, described, loaded
    from soundflow.cli.row_progress import RowProgress

    bundle = loaded(model, arithmetic, threads, picture)
    chosen = chosen_streams(clips, split, seed, task, streams, cache)
    with RowProgress("streams", chosen.count) as progress:
        stages = measure(bundle, chosen, progress.done)
    if picture is not None:
        draw_continuity(stages, f"{bundle.name}: {chosen.name}", picture)
    rows = [stage.to_dict() for stage in stages]
    result = described(bundle, {"streams": chosen.name, "count": chosen.count, "stages": rows}, arithmetic)
    if as_json:
        typer.echo(json.dumps(result, ensure_ascii=False, allow_nan=False))
    else:
        Console().print(_table(result))


def _table(result: Mapping[str, Any]) -> Table:
    from rich.table import Table

    from soundflow.cli.analyze_options import bounds

    table = Table(title=f"{result['model']}: {result['streams']}", title_justify="left")
    table.add_column("stage", no_wrap=True)
    for name in ("border / within", "apart / within", "mean row taken off", "within"):
        table.add_column(name, justify="right")
    for row in result["stages"]:
        figures = (row[name] for name in ("ratio", "apart_ratio", "centred_ratio", "within"))
        table.add_row(row["stage"], *(bounds(figure) for figure in figures))
    return table
