"""`soundflow bench house`: an hour in a house. Tests: tests/cli/test_bench_house.py."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from soundflow.cli.bench_options import ClipsOption, OutcomesOption
from soundflow.cli.bench_system import SystemOption, is_address
from soundflow.cli.options import CacheOption, DebugOption, JsonOption, SplitOption, ThreadsOption, ThresholdOption

if TYPE_CHECKING:
    from collections.abc import Callable

    from soundflow.bench.house import HouseHeard
    from soundflow.bench.house_plan import House
    from soundflow.data.clips import ClipStore
    from soundflow.model.bundle import Bundle
    from soundflow.stream.clock import CostTable


def house(
    clips: ClipsOption,
    split: SplitOption = "test",
    seed: Annotated[int, typer.Option("--seed", min=0, help="Which hour.")] = 0,
    minutes: Annotated[float, typer.Option("--minutes", min=5.0, help="Of stream, in scenes of five.")] = 60.0,
    model: SystemOption = "nano",
    threshold: ThresholdOption = None,
    costs: Annotated[
        Path | None,
        typer.Option("--costs", metavar="FILE", help="A cost table, JSON; without one this machine is timed."),
    ] = None,
    cache: CacheOption = None,
    outcomes: OutcomesOption = None,
    as_json: JsonOption = False,
    threads: ThreadsOption = 1,
    debug: DebugOption = False,
) -> None:
    """One hour of television, music, benign sounds and thirty that matter: what is answered, how soon, what else?

    \b
    Example:
      soundflow bench house --clips ../clips --split test --json
    """
    from soundflow.bench.house import foreground, gates_through, judge
    from soundflow.bench.house import outcomes as outcome_rows
    from soundflow.bench.house_plan import plan_house, render_scene
    from soundflow.bench.house_table import house_table
    from soundflow.bench.machine import describe_machine
    from soundflow.bench.scoring import SpokenReply
    from soundflow.bench.trigger import at_every_chunk, names_of
    from soundflow.cli.bench_result import show, write_outcomes
    from soundflow.cli.progress import SoundProgress
    from soundflow.data.clips import ClipStore

    store = ClipStore(clips, cache)
    plan = plan_house(store, split, seed, minutes)
    names = names_of(store)
    with SoundProgress("composing", plan.seconds) as progress:
        name, heard, about = _heard(store, split, plan, model, threshold, costs, threads, progress.heard)
    others: dict[str, list[SpokenReply]] = {"always_silent": [], "always_respond": at_every_chunk(foreground(plan))}
    others |= gates_through(render_scene(store, split, one) for one in plan.scenes)
    result = {
        "benchmark": "house",
        "model": name,
        "split": split,
        "seed": seed,
        "minutes": plan.seconds / 60,
        **judge(plan, heard.replies, names),
        "resident_mb": [round(mb, 1) for mb in heard.resident_mb],
        "queue_errors": heard.queue_errors,
        "trivial": {other: judge(plan, said, names) for other, said in others.items()},
        **about,
        "machine": describe_machine(threads),
    }
    show(result, as_json, house_table)
    write_outcomes(outcomes, outcome_rows(plan, heard.replies, names))


def _heard(
    store: ClipStore,
    split: str,
    plan: House,
    model: str,
    threshold: float | None,
    costs: Path | None,
    threads: int,
    progress: Callable[[str, float], None],
) -> tuple[str, HouseHeard, dict[str, Any]]:
    """Who heard, what was said, and under which conditions: our own loop on a simulated clock, or a server."""
    import numpy as np

    from soundflow.bench.house import HouseHeard, hear_house
    from soundflow.bench.house_plan import render_scene
    from soundflow.cli.bench_system import find_system, load_bundle

    sounds = (render_scene(store, split, one) for one in plan.scenes)
    if is_address(model):
        system = find_system(model, threshold, threads)
        said = system.hear(np.concatenate(list(sounds)), None)
        return system.name, HouseHeard(tuple(said)), {"threshold": threshold, "costs": None}
    bundle = load_bundle(model, threads)
    table = _costs(costs, bundle)
    heard = hear_house(bundle, sounds, table, threshold, lambda seconds: progress("scene", seconds))
    used = bundle.config.response_threshold if threshold is None else threshold
    return bundle.name, heard, {"threshold": used, "costs": table.to_dict()}


def _costs(path: Path | None, bundle: Bundle) -> CostTable:
    """What the model's steps take: as a file says, or as this machine is timed."""
    import json

    from soundflow.bench.costs import measure_costs
    from soundflow.errors import InputError
    from soundflow.stream.clock import CostTable

    if path is None:
        return measure_costs(bundle)
    try:
        return CostTable.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        hint = "name, encode_ms, decision_ms as pairs, text_token_ms"
        raise InputError("bench.costs", f"{path} is no cost table: {error!r}", hint) from error
