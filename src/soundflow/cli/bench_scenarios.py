"""`soundflow bench scenarios`: long recordings of real life. Tests: tests/cli/test_bench_scenarios.py."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from soundflow.cli.options import DebugOption, JsonOption, ModelOption, ThreadsOption, ThresholdOption

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from rich.table import Table


def scenarios(
    recordings: Annotated[
        Path, typer.Option("--recordings", metavar="DIR", help="A folder a scenario (travel, work, home, commute).")
    ],
    model: ModelOption = "nano",
    threshold: ThresholdOption = None,
    as_json: JsonOption = False,
    threads: ThreadsOption = 1,
    debug: DebugOption = False,
) -> None:
    """How silent is a model over real recordings, and is it as silent over their synthetic twins?

    \b
    Example:
      soundflow bench scenarios --recordings DIR --json
    """
    from soundflow.bench.machine import describe_machine
    from soundflow.bench.scenarios import find_recordings, run_scenarios
    from soundflow.cli.bench_result import show
    from soundflow.cli.bench_system import load_bundle
    from soundflow.cli.row_progress import RowProgress

    found = find_recordings(recordings)
    bundle = load_bundle(model, threads)
    with RowProgress("hearing", len(found)) as progress:
        rows = run_scenarios(bundle, found, threshold, progress.done)
    used = bundle.config.response_threshold if threshold is None else threshold
    about = {"model": bundle.name, "threshold": used, "machine": describe_machine(threads)}
    show({"benchmark": "scenarios", "scenarios": rows, **about}, as_json, _table)


def _table(result: Mapping[str, Any]) -> Table:
    from rich.table import Table

    table = Table()
    table.add_column("scenario")
    for name in ("recordings", "hours", "replies an hour", "silent, %", "correlation"):
        table.add_column(name, justify="right", no_wrap=True)
    for name, row in result["scenarios"].items():
        silent, related = row["silence_rate"]["value"], row["correlation"]
        table.add_row(
            name,
            str(row["recordings"]),
            f"{row['hours']:.2f}",
            "–" if row["replies_per_hour"]["value"] is None else f"{row['replies_per_hour']['value']:.1f}",
            "–" if silent is None else f"{100 * silent:.1f}",
            "–" if related is None else f"{related:.2f}",
        )
    return table
