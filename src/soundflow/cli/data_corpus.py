"""`soundflow data build` and what belongs to a corpus. Tests: tests/cli/test_data_corpus.py."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from soundflow.cli.options import DebugOption, JsonOption

if TYPE_CHECKING:
    from soundflow.data.build.run import Order

RecipeArgument = Annotated[Path, typer.Argument(metavar="RECIPE", help="A TOML file, as recipes/corpus.toml.")]
ClipsOption = Annotated[Path, typer.Option("--clips", metavar="DIR", help="A folder with clips.jsonl.")]
VoicesOption = Annotated[
    Path | None,
    typer.Option("--voices", metavar="DIR", help="A folder of voices (`data voices`).", show_default=False),
]
StreamsOption = Annotated[
    int | None, typer.Option("--streams", min=1, help="How many streams; else the recipe's.", show_default=False)
]
SeedOption = Annotated[int, typer.Option("--seed", min=0, help="Which streams.")]
CacheOption = Annotated[
    Path | None, typer.Option("--cache", metavar="DIR", help="Where decoded clips are kept.", show_default=False)
]
CorpusArgument = Annotated[Path, typer.Argument(metavar="CORPUS", help="A folder that `data build` made.")]


class EngineName(StrEnum):
    """Who makes the shards."""

    local = "local"
    ray = "ray"


def build(
    recipe: RecipeArgument,
    clips: ClipsOption,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the corpus goes.")],
    voices: VoicesOption = None,
    streams: StreamsOption = None,
    seed: SeedOption = 0,
    workers: Annotated[int, typer.Option("--workers", min=1, help="Processes, of one thread each.")] = 1,
    engine: Annotated[
        EngineName, typer.Option("--engine", help="This machine's processes, or Ray's.")
    ] = EngineName.local,
    cache: CacheOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Build a corpus of streams: WebDataset shards, a Parquet index, and a reason for whatever was left out.

    Started again it goes on where it stood; the number of workers changes nothing but the time.

    \b
    Example:
      soundflow data build recipes/corpus.toml --clips ../clips --streams 2000 --seed 0 --out corpus --workers 2
    """
    import json

    from soundflow.cli.progress import SoundProgress
    from soundflow.data.build.plan import STREAM_SECONDS
    from soundflow.data.build.run import build as build_corpus

    order = order_of(recipe, clips, voices, streams, seed, cache, out)
    with SoundProgress("decoding clips", order.recipe.streams * STREAM_SECONDS) as progress:
        built = build_corpus(order, workers, engine.value, progress.heard)
    if as_json:
        typer.echo(json.dumps(built.to_dict(), ensure_ascii=False))
        return
    typer.echo(
        f"{built.streams} streams, {built.hours:.2f} h, {built.shards} shards ({built.kept} were there), "
        f"{built.rejected} rejected, {built.missing} missing",
        err=True,
    )
    typer.echo(f"{built.sha256}  {out}")


def order_of(
    recipe: Path, clips: Path, voices: Path | None, streams: int | None, seed: int, cache: Path | None, out: Path
) -> Order:
    """What a worker is told."""
    from soundflow.data.build.recipe import read_recipe
    from soundflow.data.build.run import Order

    folders = (str(clips), *([str(voices)] if voices else []))
    read = read_recipe(recipe, streams=streams)
    return Order(read, seed, folders, None if cache is None else str(cache), str(out))
