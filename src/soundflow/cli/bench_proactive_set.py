"""`soundflow bench proactive-set`: the task of Proactive-Sound-Bench on one's own recordings.

Tests: tests/cli/test_bench_proactive_set.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from soundflow.cli.bench_options import ClipsOption, place_for_rows
from soundflow.cli.bench_proactive import (
    CacheOption,
    EmbedderOption,
    EndpointOption,
    LogitsOption,
    MatchOption,
    RerankerOption,
)
from soundflow.cli.bench_system import SystemOption
from soundflow.cli.options import DebugOption, JsonOption, SplitOption, ThreadsOption, ThresholdOption

if TYPE_CHECKING:
    from collections.abc import Sequence

    from soundflow.bench.proactive import Item, Matching, Tier
    from soundflow.bench.proactive_streams import Load, Samples
    from soundflow.bench.systems import System


def proactive_set(
    clips: ClipsOption,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Where the set, the predictions and the results are kept.")
    ],
    split: SplitOption = "test",
    seed: Annotated[int, typer.Option("--seed", min=0, help="Which distractors, in the Multiple tier.")] = 0,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Only so many items, spread over all.")] = None,
    match_threshold: MatchOption = 0.5,
    endpoint: EndpointOption = None,
    reranker: RerankerOption = None,
    reranker_logits: LogitsOption = False,
    embedder: EmbedderOption = None,
    cache: CacheOption = None,
    model: SystemOption = "nano",
    threshold: ThresholdOption = None,
    outcomes: Annotated[
        Path | None,
        typer.Option(
            "--outcomes", metavar="FILE", help="A row an item and tier, for bench compare.", callback=place_for_rows
        ),
    ] = None,
    as_json: JsonOption = False,
    threads: ThreadsOption = 1,
    debug: DebugOption = False,
) -> None:
    """Is the decision right at each recording of a folder, alone and among distractors, in the benchmark's categories?

    A run that was stopped goes on where it was.

    \b
    Example:
      soundflow bench proactive-set --clips ../clips --split test --out proactive --json
    """
    from rich.console import Group

    from soundflow.bench.machine import describe_machine
    from soundflow.bench.proactive import TIERS, Matching
    from soundflow.bench.proactive_set import coverage, items_of, write_set
    from soundflow.bench.proactive_table import proactive_table
    from soundflow.cli.bench_proactive import find_matcher
    from soundflow.cli.bench_result import show, write_outcomes
    from soundflow.cli.bench_system import find_system
    from soundflow.data.clips import ClipStore

    matcher = find_matcher(endpoint, reranker, embedder, cache, reranker_logits)
    matching = Matching(matcher, match_threshold)
    store = ClipStore(clips)
    every = items_of(store, split)
    found_clips = {clip.id: clip for clip in store.clips(split=split)}
    items = every if limit is None else every[:: max(1, -(-len(every) // limit))]
    write_set(items, out)
    system = find_system(model, threshold, threads)

    def load(item: Item) -> Samples:
        return store.audio(found_clips[item.id])

    about = {"set": f"split {split} of a folder of clips", "model": system.name, "threshold": system.threshold}
    tiers: dict[str, dict[str, Any]] = {}
    rows: list[dict[str, Any]] = []
    for tier in TIERS:
        found, judged = _tier(system, items, tier, seed, load, out, matching)
        tiers[tier] = {**about, **found}
        rows += [{**row, "id": f"{tier} {row['id']}"} for row in judged]
    result = {
        "benchmark": "proactive_set",
        **about,
        "split": split,
        "seed": seed,
        "items": len(items),
        "of": len(every),
        **coverage(items),
        "tiers": tiers,
        "machine": describe_machine(threads),
    }
    show(result, as_json, lambda whole: Group(*(proactive_table(one) for one in whole["tiers"].values())))
    write_outcomes(outcomes, rows)


def _tier(
    system: System, items: Sequence[Item], tier: Tier, seed: int, load: Load, out: Path, matching: Matching
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """One tier: heard by the system and the gates, scored, and a row an item."""
    from soundflow.bench.proactive import outcomes, report
    from soundflow.bench.proactive_streams import hear_gates, hear_items, heard_as, multiple_streams, single_streams
    from soundflow.bench.provenance import file_of
    from soundflow.bench.rows import read_answers
    from soundflow.cli.row_progress import RowProgress

    streams = single_streams(items) if tier == "single" else multiple_streams(items, seed)
    place = out / tier
    about = heard_as(system, tier, seed, streams)
    said = file_of(place, about)
    with RowProgress(f"hearing, {tier}", len(items)) as progress:
        for _ in hear_items(lambda samples: system.hear(samples, None), streams, load, said, about):
            progress.done()
    answers = read_answers(said)
    others = hear_gates(streams, load, place, tier, seed)
    return report(items, answers, matching, tier, others), outcomes(items, answers)
