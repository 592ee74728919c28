"""`soundflow bench mini`: what a newcomer runs first. Tests: tests/cli/test_bench_mini.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from soundflow.cli.bench_options import OutcomesOption
from soundflow.cli.bench_system import SystemOption
from soundflow.cli.options import DebugOption, JsonOption, SeedOption, ThreadsOption, ThresholdOption

if TYPE_CHECKING:
    from soundflow.data.compose import Composition


def mini(
    model: SystemOption = "nano",
    seed: SeedOption = 0,
    streams: Annotated[int, typer.Option("--streams", min=0, help="How many are composed beside the recordings.")] = 24,
    threshold: ThresholdOption = None,
    outcomes: OutcomesOption = None,
    as_json: JsonOption = False,
    threads: ThreadsOption = 1,
    debug: DebugOption = False,
) -> None:
    """A first benchmark on what comes with the package: under a minute, no download, no folder of clips.

    \b
    Example:
      soundflow bench mini
    """
    from soundflow.bench.mini import QUIET_KINDS, QUIET_SECONDS, run_mini
    from soundflow.bench.trigger_table import trigger_table
    from soundflow.cli.bench_result import show, write_outcomes
    from soundflow.cli.bench_system import find_system
    from soundflow.cli.progress import SoundProgress

    recordings = packaged_recordings()
    system = find_system(model, threshold, threads)
    expected = sum(one.timeline.seconds for one in recordings) + 20.0 * streams + len(QUIET_KINDS) * QUIET_SECONDS
    with SoundProgress("composing", expected) as progress:
        found = run_mini(system, recordings, seed, streams, progress.heard)
    show(found.to_dict(), as_json, lambda result: trigger_table(result, with_labels=False))
    write_outcomes(outcomes, found.outcomes)


def packaged_recordings() -> list[Composition]:
    """The recordings of the package with what is in them."""
    from soundflow.api import example_path, examples
    from soundflow.audio.decode import read_audio
    from soundflow.data.compose import Composition
    from soundflow.data.timeline import Timeline

    paths = [path for name in examples() if (path := example_path(name)) is not None]
    return [
        Composition(
            read_audio(path), Timeline.from_json(path.with_suffix(".timeline.json").read_text(encoding="utf-8"))
        )
        for path in paths
    ]
