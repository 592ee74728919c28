"""`soundflow bench calibrate`: the operating curve and a threshold. Tests: tests/cli/test_bench_calibrate.py."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from soundflow.cli.bench_options import ClipsOption
from soundflow.cli.options import CacheOption, DebugOption, JsonOption, ModelOption, SeedOption, ThreadsOption

if TYPE_CHECKING:
    from rich.table import Table

    from soundflow.bench.calibrate import CurvePoint


def calibrate(
    clips: ClipsOption,
    false_per_hour: Annotated[
        float, typer.Option("--false-per-hour", min=0, help="How many false replies an hour are bearable.")
    ],
    model: ModelOption = "nano",
    split: Annotated[str, typer.Option("--split", help="Where thresholds are chosen; never test.")] = "valid",
    streams: Annotated[int, typer.Option("--streams", min=1, help="Streams with events, for the recall.")] = 100,
    hours: Annotated[float, typer.Option("--hours", min=0, help="Of background, speech and music, each.")] = 0.5,
    seed: SeedOption = 0,
    cache: CacheOption = None,
    as_json: JsonOption = False,
    threads: ThreadsOption = 1,
    debug: DebugOption = False,
) -> None:
    """Pick the threshold for a wanted rate of false replies, and write it into the model's config and card.

    A packaged model is measured and left as it is: copy its folder to change it.

    \b
    Example:
      soundflow bench calibrate --clips ../clips --model FOLDER --false-per-hour 10
    """
    import json
    import os

    import torch
    from rich.console import Console

    from soundflow.api import load
    from soundflow.bench.calibrate import THRESHOLDS, check_writable, choose, operating_curve, write_threshold
    from soundflow.bench.listening import STRAY_KINDS, Setting
    from soundflow.bench.machine import describe_machine
    from soundflow.cli.bench_result import command
    from soundflow.cli.progress import SoundProgress
    from soundflow.data.clips import ClipStore

    torch.set_num_threads(threads)
    folder = Path(model) if os.path.isdir(model) else None
    if folder is not None:
        check_writable(folder)
    bundle = load(model).bundle
    expected = streams * 20.0 + len(STRAY_KINDS) * hours * 3600
    with SoundProgress("decoding clips", expected) as progress:
        setting = Setting(ClipStore(clips, cache), split, seed)
        curve = operating_curve(bundle, setting, streams, hours, THRESHOLDS, progress.heard)
    chosen = choose(curve, false_per_hour)
    how = f"{streams} streams and {hours:g} h of each kind of quiet sound, split {split}, seed {seed}"
    if folder is not None:
        write_threshold(folder, chosen, false_per_hour, how)
    result = {
        "benchmark": "calibrate",
        "model": bundle.name,
        "split": split,
        "seed": seed,
        "wanted_false_per_hour": false_per_hour,
        "chosen": chosen.to_dict(),
        "curve": [point.to_dict() for point in curve],
        "written": None if folder is None else str(folder),
        "machine": describe_machine(),
        "command": command(),
    }
    if as_json:
        typer.echo(json.dumps(result, ensure_ascii=False, allow_nan=False))
        return
    Console().print(_table(curve, chosen))
    typer.echo(f"threshold {chosen.threshold:g}: {'written into ' + str(folder) if folder else 'nothing was written'}")


def _table(curve: tuple[CurvePoint, ...], chosen: CurvePoint) -> Table:
    from rich.table import Table

    table = Table()
    for name in ("threshold", "recall", "specificity", "false an hour", "95 %"):
        table.add_column(name, justify="right", no_wrap=True)
    for point in curve:
        rates, false = point.point.rates, point.false_per_hour
        mark = " *" if point is chosen else ""
        table.add_row(
            f"{point.threshold:g}{mark}",
            f"{100 * (rates['recall'].value or 0):.1f} %",
            f"{100 * (rates['specificity'].value or 0):.1f} %",
            f"{false.value or 0:.1f}",
            f"{false.low or 0:.1f} – {false.high or 0:.1f}",
        )
    return table
