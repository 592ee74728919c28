"""`soundflow bench capabilities`: every sub-task of a corpus. Tests: tests/cli/test_bench_capabilities.py."""

from __future__ import annotations

import dataclasses
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from soundflow.cli.bench_options import OutcomesOption
from soundflow.cli.bench_system import SystemOption
from soundflow.cli.options import DebugOption, JsonOption, ThreadsOption, ThresholdOption


class Layout(StrEnum):
    """How the model is asked."""

    streaming = "streaming"
    offline = "offline"
    written = "written"


def capabilities(
    corpus: Annotated[Path, typer.Option("--corpus", metavar="DIR", help="A finished corpus of data build.")],
    model: SystemOption = "nano",
    streams: Annotated[
        int | None, typer.Option("--streams", min=1, help="How many are heard, the first ones.", show_default="all")
    ] = None,
    threshold: ThresholdOption = None,
    layout: Annotated[
        Layout,
        typer.Option(
            "--layout",
            help="Compared beside: `offline` asks of whole recordings, `written` asks in words what is asked aloud.",
        ),
    ] = Layout.streaming,
    learned: Annotated[
        list[Path] | None,
        typer.Option(
            "--learned",
            metavar="DIR",
            help="A corpus the model learned from, again for each: answers that it holds are counted beside new ones.",
        ),
    ] = None,
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
    from soundflow.bench.capabilities.learned import answers_in, learned_and_new
    from soundflow.bench.capabilities.run import run_capabilities, run_layouts, run_written, seconds_of
    from soundflow.bench.capabilities.table import capabilities_table
    from soundflow.cli.bench_result import show, write_outcomes
    from soundflow.cli.bench_system import find_system, load_bundle
    from soundflow.cli.progress import SoundProgress

    heard_before = sum(seconds_of(own, None) for own in learned or ())
    with SoundProgress("hearing", heard_before + seconds_of(corpus, streams)) as progress:
        known = answers_in(learned or (), progress.heard)
        if layout is Layout.offline:
            found = run_layouts(load_bundle(_own(model), threads), corpus, streams, threshold, progress.heard)
        else:
            run = run_written if layout is Layout.written else run_capabilities
            found = run(find_system(model, threshold, threads), corpus, streams, threshold, progress.heard)
    if learned:
        found = dataclasses.replace(found, answers=learned_and_new(found.outcomes, known))
    show(found.to_dict(), as_json, capabilities_table)
    write_outcomes(outcomes, found.outcomes)


def _own(model: str) -> str:
    """A model that can be asked here: no server's address."""
    from soundflow.cli.bench_system import is_address
    from soundflow.errors import UsageError

    if is_address(model):
        raise UsageError("bench.layout", f"{model} is a server, which has no offline layout", "give a model's folder")
    return model
