"""`soundflow bench proactive`: Proactive-Sound-Bench. Tests: tests/cli/test_bench_proactive.py."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from soundflow.cli.options import DebugOption, JsonOption, ModelOption, ThreadsOption

if TYPE_CHECKING:
    from soundflow.bench.proactive import Item
    from soundflow.bench.scorers.matching import Matcher


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
    match_threshold: Annotated[
        float, typer.Option("--match-threshold", help="A reply means the same when its score is above this.")
    ] = 0.5,
    endpoint: Annotated[
        str | None, typer.Option("--endpoint", metavar="URL", help="Of a reranker or embedder.")
    ] = None,
    reranker: Annotated[str | None, typer.Option("--reranker", metavar="NAME", help="A model for /rerank.")] = None,
    embedder: Annotated[str | None, typer.Option("--embedder", metavar="NAME", help="A model for /embeddings.")] = None,
    cache: Annotated[
        Path | None, typer.Option("--cache", metavar="DIR", help="Where the endpoint's answers are kept.")
    ] = None,
    model: ModelOption = "nano",
    threshold: Annotated[
        float | None, typer.Option("--threshold", min=0.0, max=1.0, help="p(response) from which the model speaks.")
    ] = None,
    instruction: Annotated[
        str | None, typer.Option("--instruction", metavar="TEXT", help="What to listen for.")
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
    import json

    from rich.console import Console

    from soundflow.bench.proactive import Matching, load_items, report
    from soundflow.bench.proactive_table import proactive_table
    from soundflow.bench.rows import read_answers

    items = load_items(manifest, references)
    matching = Matching(_matcher(endpoint, reranker, embedder, cache), match_threshold)
    if audio is not None:
        _hear(items, audio, predictions, tier, seed, model, threshold, instruction, threads)
    result = report(items, read_answers(predictions), matching, tier.value)
    result |= {"seed": seed, "command": " ".join(["soundflow", *sys.argv[1:]])}
    if as_json:
        typer.echo(json.dumps(result, ensure_ascii=False, allow_nan=False))
    else:
        Console().print(proactive_table(result))


def _matcher(endpoint: str | None, reranker: str | None, embedder: str | None, cache: Path | None) -> Matcher:
    from functools import partial

    from soundflow.bench import endpoint as http
    from soundflow.bench.scorers import matching
    from soundflow.errors import UsageError

    if endpoint is None and reranker is None and embedder is None:
        return matching.word_overlap()
    if endpoint is None or (reranker is None) == (embedder is None):
        found = "an endpoint needs a model, and a model an endpoint"
        raise UsageError("proactive.matcher", found, "give --endpoint with one of --reranker and --embedder")
    post = partial(http.ask, http.Endpoint(endpoint, cache, http.key_from_environment()))
    return matching.reranker(reranker, post) if reranker is not None else matching.embedder(embedder or "", post)


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
) -> None:
    import torch
    from rich.console import Console
    from rich.progress import track

    from soundflow.api import load
    from soundflow.bench.hearing import session_listener
    from soundflow.bench.proactive_streams import hear_items, multiple_streams, single_streams

    torch.set_num_threads(threads)
    streams = single_streams(items) if tier is TierName.single else multiple_streams(items, seed)
    listen = session_listener(load(model).bundle, instruction, threshold)
    about = {"model": model, "tier": tier.value, "seed": seed}
    heard = hear_items(listen, streams, audio, out, about)
    console = Console(stderr=True)
    for _ in track(heard, "hearing", len(items), console=console, disable=not console.is_terminal):
        pass
