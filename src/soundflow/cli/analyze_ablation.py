"""`soundflow analyze ablation`: what is each idea worth? Tests: tests/cli/test_analyze_ablation.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from soundflow.cli.options import DebugOption, JsonOption, ModelOption, ThreadsOption

if TYPE_CHECKING:
    from rich.table import Table


def ablation(
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE", help="Such as recipes/ablation.toml.")],
    overrides: Annotated[
        list[str] | None, typer.Argument(metavar="key=value", help="Values that replace the recipe's.")
    ] = None,
    finished: Annotated[bool, typer.Option("--finished", help="Show what is finished; train nothing.")] = False,
    model: ModelOption = "nano",
    as_json: JsonOption = False,
    threads: ThreadsOption = 1,
    debug: DebugOption = False,
) -> None:
    """Train the same small model with one thing changed a row, and say which differences exceed the spread of seeds.

    A run that was stopped goes on where it was. The hearing comes from --model: its encoder stands still, its adapter
    goes on learning.

    \b
    Example:
      soundflow analyze ablation recipes/ablation.toml clips=../clips
    """
    import json

    from rich.console import Console

    from soundflow.analysis.ablation import finished_ablation, read_ablation, run_ablation
    from soundflow.analysis.ablation_schedule import without_fifo
    from soundflow.cli.analyze_options import FloatName, described, loaded
    from soundflow.cli.needs import need
    from soundflow.cli.row_progress import RowProgress

    need("train", "tensorboard")
    values = tuple(overrides or ())
    read = read_ablation(recipe, values)
    start = loaded(model, FloatName.float32, threads, None)
    if finished:
        table = finished_ablation(recipe, values, start)
    else:
        count = len(read.row) * len(read.seeds)
        with RowProgress("trainings", count) as progress:
            table = run_ablation(recipe, values, start, progress.done)
    rows = [row.to_dict() for row in table]
    schedules = without_fifo(read.schedule, read.seeds)
    found = {"seeds": list(read.seeds), "steps": read.loop.steps, "out": str(read.out)}
    found |= {"rows": rows, "schedules": schedules}
    result = described(start, found, FloatName.float32)
    if as_json:
        typer.echo(json.dumps(result, ensure_ascii=False, allow_nan=False))
    else:
        Console().print(_table(rows, result), _schedules(schedules))


def _table(rows: Sequence[Mapping[str, Any]], result: Mapping[str, Any]) -> Table:
    from rich.table import Table

    table = Table(title=f"{result['steps']} steps, seeds {result['seeds']}", title_justify="left")
    for name in ("table", "row", "trigger, balanced %", "text loss", "review loss", "paper"):
        table.add_column(name, justify="left" if name in ("table", "row", "paper") else "right")
    for row in rows:
        figures = (_cell(row["balanced"], 100, 1), _cell(row["text"], 1, 3), _cell(row["review"], 1, 3))
        table.add_row(row["table"], row["name"], *figures, row["paper"])
    table.caption = "± over seeds; in brackets the distance to the first row, with * where it exceeds the spread, ✓ "
    table.caption += "where it then points as the paper's does, ✗ where it points the other way"
    return table


def _schedules(rows: Sequence[Mapping[str, Any]]) -> Table:
    from rich.table import Table

    table = Table(title="a dialogue on simulated time, no training", title_justify="left")
    for name in ("schedule", "first word, ms", "stalled chunks, %", "resuming, ms", "paper"):
        table.add_column(name, justify="left" if name in ("schedule", "paper") else "right")
    for row in rows:
        figures = (row[name] for name in ("first_text_ms", "stall_percent", "resume_ms"))
        table.add_row(row["name"], *(f"{f['mean']:.1f} ± {f['deviation']:.1f}" for f in figures), row["paper"])
    return table


def _cell(figure: Mapping[str, Any], scale: int, digits: int) -> str:
    values = f"{scale * figure['mean']:.{digits}f}"
    values += f" ± {scale * figure['deviation']:.{digits}f}" if figure["seeds"] > 1 else ""
    if not figure["difference"]:  # the first row
        return values
    sign = {True: "✓", False: "✗", None: ""}[figure["reproduces"]]
    return f"{values} ({scale * figure['difference']:+.{digits}f}{'*' if figure['exceeds'] else ''}{sign})"
