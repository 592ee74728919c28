"""`soundflow bench proactive`: Proactive-Sound-Bench. Tests: tests/cli/test_bench_proactive.py."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from soundflow.cli.bench_options import place_for_rows
from soundflow.cli.bench_system import SystemOption
from soundflow.cli.options import DebugOption, JsonOption, ThreadsOption, ThresholdOption

if TYPE_CHECKING:
    from soundflow.bench.proactive import Item
    from soundflow.bench.rows import Answers
    from soundflow.bench.scorers.matching import Matcher


MatchOption = Annotated[
    float, typer.Option("--match-threshold", help="A reply means the same when its score is above this.")
]
EndpointOption = Annotated[str | None, typer.Option("--endpoint", metavar="URL", help="Of a reranker or embedder.")]
RerankerOption = Annotated[str | None, typer.Option("--reranker", metavar="NAME", help="A model for /rerank.")]
LogitsOption = Annotated[bool, typer.Option("--reranker-logits", help="Its scores are logits, not shares from 0 to 1.")]
EmbedderOption = Annotated[str | None, typer.Option("--embedder", metavar="NAME", help="A model for /embeddings.")]
CacheOption = Annotated[
    Path | None, typer.Option("--cache", metavar="DIR", help="Where the endpoint's answers are kept.")
]


class TierName(StrEnum):
    """How the sounds are heard."""

    single = "single"
    multiple = "multiple"


def proactive(
    manifest: Annotated[Path, typer.Option("--manifest", metavar="FILE", help="The released manifest.")],
    references: Annotated[Path, typer.Option("--references", metavar="FILE", help="The released reference answers.")],
    predictions: Annotated[
        Path,
        typer.Option("--predictions", metavar="FILE", help="Outputs to score; with --audio they are written here."),
    ],
    audio: Annotated[
        Path | None, typer.Option("--audio", metavar="DIR", help="The recordings: lets --model hear them.")
    ] = None,
    tier: Annotated[TierName, typer.Option("--tier", help="Each sound alone, or among distractors.")] = TierName.single,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Which distractors, in the Multiple tier.")] = 0,
    match_threshold: MatchOption = 0.5,
    endpoint: EndpointOption = None,
    reranker: RerankerOption = None,
    reranker_logits: LogitsOption = False,
    embedder: EmbedderOption = None,
    cache: CacheOption = None,
    model: SystemOption = "nano",
    threshold: ThresholdOption = None,
    instruction: Annotated[
        str | None, typer.Option("--instruction", metavar="TEXT", help="What to listen for.")
    ] = None,
    outcomes: Annotated[
        Path | None,
        typer.Option("--outcomes", metavar="FILE", help="A row an item, for bench compare.", callback=place_for_rows),
    ] = None,
    as_json: JsonOption = False,
    threads: ThreadsOption = 1,
    debug: DebugOption = False,
) -> None:
    """Is the decision right at each of the 644 sounds, and does the reply say the right thing?

    \b
    Example:
      soundflow bench proactive --predictions out.jsonl --manifest manifest.jsonl --references references.jsonl --json
    """
    from soundflow.bench.proactive import Matching, load_items, report
    from soundflow.bench.proactive import outcomes as outcome_rows
    from soundflow.bench.proactive_table import proactive_table
    from soundflow.bench.rows import read_answers
    from soundflow.cli.bench_result import show, write_outcomes

    items = load_items(manifest, references)
    matcher = find_matcher(endpoint, reranker, embedder, cache, reranker_logits)
    matching = Matching(matcher, match_threshold)
    others = {}
    if audio is not None:
        others = _hear(items, audio, predictions, tier, seed, model, threshold, instruction, threads)
    answers = read_answers(predictions)
    result = {**report(items, answers, matching, tier.value, others), "seed": seed}
    show(result, as_json, proactive_table)
    write_outcomes(outcomes, outcome_rows(items, answers))


def find_matcher(
    endpoint: str | None, reranker: str | None, embedder: str | None, cache: Path | None, logits: bool = False
) -> Matcher:
    """Who compares replies with reference answers.

    Raises:
        UsageError: half a matcher was asked for.
    """
    from functools import partial

    from soundflow.bench import endpoint as http
    from soundflow.bench.scorers import matching
    from soundflow.errors import UsageError

    if logits and reranker is None:
        raise UsageError("proactive.matcher", "--reranker-logits says something of a reranker", "give --reranker too")
    if endpoint is None and reranker is None and embedder is None:
        return matching.word_overlap()
    if endpoint is None or (reranker is None) == (embedder is None):
        found = "an endpoint needs a model, and a model an endpoint"
        raise UsageError("proactive.matcher", found, "give --endpoint with one of --reranker and --embedder")
    post = partial(http.ask, http.Endpoint(endpoint, cache, http.key_from_environment()))
    if reranker is not None:
        return matching.reranker(reranker, post, logits)
    return matching.embedder(embedder or "", post)


def _hear(
    items: tuple[Item, ...],
    audio: Path,
    out: Path,
    tier: TierName,
    seed: int,
    model: str,
    threshold: float | None,
    instruction: str | None,
    threads: int,
) -> dict[str, Answers]:
    """The model's predictions into the file, and those of the gates into a folder beside it."""
    from soundflow.bench import proactive_streams as heard
    from soundflow.cli.bench_system import find_system
    from soundflow.cli.row_progress import RowProgress

    streams = heard.single_streams(items) if tier is TierName.single else heard.multiple_streams(items, seed)
    load = heard.sounds_below(audio, items)
    system = find_system(model, threshold, threads)
    about = heard.heard_as(system, tier.value, seed, streams, instruction)
    with RowProgress("hearing", len(items)) as progress:
        for _ in heard.hear_items(lambda samples: system.hear(samples, instruction), streams, load, out, about):
            progress.done()
    return heard.hear_gates(streams, load, out.with_suffix(".gates") / tier.value, tier.value, seed)
