"""`soundflow bench latency`: what the first word waits for. Tests: tests/cli/test_bench_latency.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from soundflow.cli.bench_options import ClipsOption
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
    from collections.abc import Mapping
    from typing import Any

    from rich.table import Table


def latency(
    clips: ClipsOption,
    split: SplitOption = "test",
    streams: Annotated[int, typer.Option("--streams", min=1, help="How many streams are composed.")] = 30,
    seed: SeedOption = 0,
    model: ModelOption = "nano",
    cache: CacheOption = None,
    as_json: JsonOption = False,
    threads: ThreadsOption = 1,
    debug: DebugOption = False,
) -> None:
    """From a sound's onset to the first word: policy, queue and compute, on two clocks, with and without FIFO.

    \b
    Example:
      soundflow bench latency --clips ../clips --streams 30
    """
    from soundflow.bench.costs import measure_costs
    from soundflow.bench.latency import NOTES, chunk_sizes, measure_split
    from soundflow.bench.listening import Job, Setting, compose_job
    from soundflow.bench.machine import describe_machine
    from soundflow.cli.bench_result import show
    from soundflow.cli.bench_system import load_bundle
    from soundflow.cli.progress import SoundProgress
    from soundflow.data.clips import ClipStore

    setting = Setting(ClipStore(clips, cache), split, seed)
    made = [compose_job(setting, Job("streams", index)) for index in range(streams)]
    bundle = load_bundle(model, threads)
    costs = measure_costs(bundle)
    with SoundProgress("hearing", 6 * sum(one.timeline.seconds for one in made)) as progress:
        rows = measure_split(bundle, made, costs, lambda seconds: progress.heard("stream", seconds))
    result = {
        "benchmark": "latency",
        "model": bundle.name,
        "split": split,
        "seed": seed,
        "streams": streams,
        "split_of": "onset to first word",
        "costs": costs.to_dict(),
        "rows": rows,
        "chunk_size": chunk_sizes([one.timeline for one in made], costs, bundle.config.chunk_seconds),
        "notes": list(NOTES),
        "machine": describe_machine(threads),
    }
    show(result, as_json, _table)


def _table(result: Mapping[str, Any]) -> Table:
    from rich.table import Table

    table = Table(title="onset to first word", title_justify="left", caption=result["notes"][0])
    for name in ("clock", "schedule"):
        table.add_column(name)
    for name in ("policy, s", "queue, ms", "compute, ms", "first text, ms", "stalled, %"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in result["rows"]:
        cells = (row[part]["value"] for part in ("policy", "queue", "compute", "first_text"))
        shown = ["–" if value is None else f"{value:.2f}" for value in cells]
        table.add_row(row["clock"], row["schedule"], *shown, f"{row['stalled_percent'] or 0:.2f}")
    return table
