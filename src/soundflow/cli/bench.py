"""`soundflow bench`: measure a model. Tests: tests/cli/test_bench.py."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from soundflow.cli import (
    bench_calibrate,
    bench_capabilities,
    bench_concatenation,
    bench_house,
    bench_latency,
    bench_load,
    bench_mini,
    bench_proactive,
    bench_proactive_set,
    bench_replay,
    bench_report,
    bench_run,
    bench_scenarios,
    bench_score,
)
from soundflow.cli.bench_options import ClipsOption, OutcomesOption
from soundflow.cli.bench_system import SystemOption
from soundflow.cli.options import (
    CacheOption,
    DebugOption,
    JsonOption,
    SeedOption,
    SplitOption,
    ThreadsOption,
    ThresholdOption,
)

app = typer.Typer(help="Measure a model.", rich_markup_mode=None, no_args_is_help=True)


class TaskName(StrEnum):
    """What the streams ask of the model."""

    proactive = "proactive"
    narration = "narration"
    counting = "counting"
    standing = "standing"


@app.callback()
def benchmarks() -> None:
    """Measure a model; every figure comes with its interval and what trivial answers would score.

    \b
    Example:
      soundflow bench mini
    """


@app.command("trigger")
def trigger(
    clips: ClipsOption,
    split: SplitOption = "test",
    streams: Annotated[int, typer.Option("--streams", min=1, help="How many streams are composed.")] = 200,
    seed: SeedOption = 0,
    model: SystemOption = "nano",
    threshold: ThresholdOption = None,
    task: Annotated[TaskName, typer.Option("--task", help="What the streams ask for.")] = TaskName.proactive,
    stray_hours: Annotated[
        float, typer.Option("--stray-hours", min=0, help="Of long streams of background, speech and music, each.")
    ] = 0.5,
    cache: CacheOption = None,
    outcomes: OutcomesOption = None,
    workers: Annotated[int, typer.Option("--workers", min=1, help="Processes, of one thread each.")] = 1,
    as_json: JsonOption = False,
    threads: ThreadsOption = 1,
    debug: DebugOption = False,
) -> None:
    """Does the model speak at the right sounds, and only there?

    \b
    Example:
      soundflow bench trigger --clips ../clips --split test --streams 200 --seed 0 --json
    """
    from soundflow.bench.listening import STRAY_KINDS, Listener, Setting
    from soundflow.bench.trigger import run_trigger
    from soundflow.bench.trigger_table import trigger_table
    from soundflow.cli.bench_result import show, write_outcomes
    from soundflow.cli.bench_system import find_system, is_address, load_bundle
    from soundflow.cli.progress import SoundProgress
    from soundflow.data.clips import ClipStore

    listener: Listener = find_system(model, threshold, threads) if is_address(model) else load_bundle(model, threads)
    setting = Setting(ClipStore(clips, cache), split, seed, task.value, threshold)
    expected = streams * 20.0 + len(STRAY_KINDS) * stray_hours * 3600
    with SoundProgress("decoding clips", expected) as progress:
        found = run_trigger(listener, setting, streams, stray_hours, workers, progress.heard)
    show(found.to_dict(), as_json, trigger_table)
    write_outcomes(outcomes, found.outcomes)


app.command("mini")(bench_mini.mini)
app.command("capabilities")(bench_capabilities.capabilities)
app.command("house")(bench_house.house)
app.command("proactive-set")(bench_proactive_set.proactive_set)
app.command("proactive")(bench_proactive.proactive)
app.command("score")(bench_score.score)
app.command("replay")(bench_replay.replay)
app.command("run")(bench_run.run)
app.command("calibrate")(bench_calibrate.calibrate)
app.command("concatenation")(bench_concatenation.concatenation)
app.command("load")(bench_load.load)
app.command("latency")(bench_latency.latency)
app.command("scenarios")(bench_scenarios.scenarios)
app.command("report")(bench_report.report)
app.command("compare")(bench_report.compare)
