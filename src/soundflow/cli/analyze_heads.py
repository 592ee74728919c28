"""`soundflow analyze heads`: which heads make the decision? Tests: tests/cli/test_analyze.py."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
from soundflow.cli.options import CacheOption, DebugOption, JsonOption, ModelOption, SeedOption, ThreadsOption

if TYPE_CHECKING:
    from rich.console import Group

ROWS_SHOWN = 10  # heads in the table, those that matter most


def heads(
    clips: ClipsOption = None,
    split: Annotated[str, typer.Option("--split", help="Where heads are ranked.")] = "valid",
    streams: StreamsOption = 50,
    check_split: Annotated[str, typer.Option("--check-split", help="Where sessions are heard without them.")] = "test",
    check_streams: Annotated[int, typer.Option("--check-streams", min=1, help="How many of those.")] = 40,
    random_heads: Annotated[int, typer.Option("--random-heads", min=1, help="Heads the top one is held against.")] = 5,
    seed: SeedOption = 0,
    task: TaskOption = TaskName.proactive,
    model: ModelOption = "nano",
    picture: PictureOption = None,
    state: Annotated[
        Path, typer.Option("--state", metavar="DIR", help="Where finished parts are kept, to go on from.")
    ] = Path("runs/analysis"),
    cache: CacheOption = None,
    arithmetic: FloatOption = FloatName.float32,
    as_json: JsonOption = False,
    threads: ThreadsOption = 1,
    debug: DebugOption = False,
) -> None:
    """Zero each head in turn and see which decisions change; then hear whole sessions without the top one.

    A run that was stopped goes on where it was.

    \b
    Example:
      soundflow analyze heads --clips ../clips --picture heads.png
    """
    import json

    from rich.console import Console

    from soundflow.analysis.causal import causal_check
    from soundflow.analysis.causal import random_heads as drawn
    from soundflow.analysis.heads import head_effects, measure_heads, open_ledger, ranked
    from soundflow.analysis.pictures import draw_heads
    from soundflow.cli.analyze_options import chosen_streams, described, loaded
    from soundflow.cli.row_progress import RowProgress

    bundle = loaded(model, arithmetic, threads, picture)
    chosen = chosen_streams(clips, split, seed, task, streams, cache)
    checked = chosen_streams(clips, check_split, seed, task, check_streams, cache)
    ledger = open_ledger(bundle, chosen, state)
    with RowProgress("heads", chosen.count * bundle.config.decoder.num_hidden_layers) as progress:
        measure_heads(bundle, chosen, ledger, progress.done)
    effects = head_effects(bundle, chosen, ledger)
    if picture is not None:
        draw_heads(effects, f"{bundle.name}: {chosen.name}; each head zeroed", picture)
    order = ranked(effects)
    others = drawn(bundle, order[0].head, random_heads, seed)
    with RowProgress("sessions", checked.count * (2 + len(others))) as progress:
        check = causal_check(bundle, checked, order[0].head, others, ledger, progress.done)
    found = {
        "streams": chosen.name,
        "ablation": "zero",
        "heads": [effect.to_dict() for effect in order],
        "check": {"streams_from": checked.name, **check.to_dict()},
        "state": str(ledger.path),
    }
    result = described(bundle, found, arithmetic)
    if as_json:
        typer.echo(json.dumps(result, ensure_ascii=False, allow_nan=False))
    else:
        Console().print(_tables(result))


def _tables(result: Mapping[str, Any]) -> Group:
    from rich.console import Group
    from rich.table import Table

    from soundflow.cli.analyze_options import bounds

    effects = Table(title=f"{result['model']}: {result['streams']}; each head zeroed", title_justify="left")
    for name in ("head", "drop in token match, %", "responses lost, %", "silences broken, %", "shift of log odds"):
        effects.add_column(name, justify="left" if name == "head" else "right")
    for row in result["heads"][:ROWS_SHOWN]:
        shares = (bounds(row[name], 100, 1) for name in ("drop", "lost", "raised"))
        effects.add_row(row["head"], *shares, bounds(row["shift"]))
    check = result["check"]
    sessions = Table(title=f"sessions without a head: {check['streams_from']}", title_justify="left")
    for name in ("without", "balanced accuracy, %", "recall, %", "specificity, %"):
        sessions.add_column(name, justify="left" if name == "without" else "right")
    for name, row in check["conditions"].items():
        figures = ("balanced_accuracy", "recall", "specificity")
        sessions.add_row("–" if name == "undisturbed" else name, *(bounds(row[f], 100, 1) for f in figures))
    notes = [
        f"cost of {check['top']}: {bounds(check['cost_of_top'], 100, 1)} points of balanced accuracy",
        f"cost of a random head: {bounds(check['cost_of_random'], 100, 1)}",
        f"{check['top']} beyond a random head: {bounds(check['top_beyond_random'], 100, 1)}",
    ]
    return Group(effects, sessions, *notes)
