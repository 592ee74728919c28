"""`soundflow bench capabilities`: every sub-task of a corpus. Tests: tests/cli/test_bench_capabilities.py."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from soundflow.cli.bench_options import OutcomesOption
from soundflow.cli.bench_system import SystemOption
from soundflow.cli.options import DebugOption, JsonOption, ThreadsOption, ThresholdOption


def capabilities(
    corpus: Annotated[Path, typer.Option("--corpus", metavar="DIR", help="A finished corpus of data build.")],
    model: SystemOption = "nano",
    streams: Annotated[
        int | None, typer.Option("--streams", min=1, help="How many are heard, the first ones.", show_default="all")
    ] = None,
    threshold: ThresholdOption = None,
    outcomes: OutcomesOption = None,
    as_json: JsonOption = False,
    threads: ThreadsOption = 1,
    debug: DebugOption = False,
) -> None:
    """All seven capabilities: was the right thing said at the right time, sub-task by sub-task?

    \b
    Example:
      soundflow data build recipes/corpus.toml --clips ../clips --streams 300 --seed 5 --out held-out split=test
      soundflow bench capabilities --corpus held-out --json
    """
    from soundflow.bench.capabilities.run import run_capabilities, seconds_of
    from soundflow.bench.capabilities.table import capabilities_table
    from soundflow.cli.bench_result import show, write_outcomes
    from soundflow.cli.bench_system import find_system
    from soundflow.cli.progress import SoundProgress

    expected = seconds_of(corpus, streams)
    system = find_system(model, threshold, threads)
    with SoundProgress("hearing", expected) as progress:
        found = run_capabilities(system, corpus, streams, threshold, progress.heard)
    write_outcomes(outcomes, found.outcomes)
    show(found.to_dict(), as_json, capabilities_table)
