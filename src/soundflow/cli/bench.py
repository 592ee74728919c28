"""`soundflow bench`: measure a model. Tests: tests/cli/test_bench.py."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from soundflow.cli.options import DebugOption, JsonOption, ModelOption, ThreadsOption

app = typer.Typer(help="Measure a model.", rich_markup_mode=None, no_args_is_help=True)


@app.callback()
def benchmarks() -> None:
    """Measure a model; every figure comes with its interval and what trivial answers would score."""


@app.command("trigger")
def trigger(
    clips: Annotated[Path, typer.Option("--clips", metavar="DIR", help="A folder with clips.jsonl and labels.json.")],
    split: Annotated[str, typer.Option("--split", help="The split whose clips are heard.")] = "test",
    streams: Annotated[int, typer.Option("--streams", min=1, help="How many streams are composed.")] = 200,
    seed: Annotated[int, typer.Option("--seed", help="Which streams.")] = 0,
    model: ModelOption = "nano",
    threshold: Annotated[float | None, typer.Option("--threshold", help="p(response) to speak from.")] = None,
    stray_hours: Annotated[float, typer.Option("--stray-hours", min=0, help="Of each kind of long stream.")] = 0.5,
    cache: Annotated[Path | None, typer.Option("--cache", help="Where decoded clips are kept.")] = None,
    json: JsonOption = False,
    threads: ThreadsOption = 1,
    debug: DebugOption = False,
) -> None:
    """Does the model speak at the right sounds, and only there?

    \b
    Example:
      soundflow bench trigger --clips ../clips --split test --streams 200 --seed 0 --json
    """
    import json as json_module

    import torch
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    from soundflow.api import load
    from soundflow.bench.report import trigger_table
    from soundflow.bench.trigger import STRAY_KINDS, run_trigger
    from soundflow.data.clips import ClipStore

    torch.set_num_threads(threads)
    bundle = load(model).bundle
    store = ClipStore(clips, cache)
    talk = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    expected = streams * 20.0 + len(STRAY_KINDS) * stray_hours * 3600
    with Progress(*columns, console=talk, transient=True) as bar:
        task = bar.add_task("decoding", total=expected)

        def heard(what: str, seconds: float) -> None:
            bar.update(task, advance=seconds, description=what)

        found = run_trigger(bundle, store, split, streams, seed, threshold, stray_hours, heard)
    result: dict[str, Any] = found.to_dict()
    if json:
        typer.echo(json_module.dumps(result, ensure_ascii=False))
    else:
        Console().print(trigger_table(result))
