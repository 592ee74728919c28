"""`soundflow data build` and what belongs to a corpus. Tests: tests/cli/test_data_corpus.py."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from soundflow.cli.options import CacheOption, DebugOption, JsonOption, SeedOption

if TYPE_CHECKING:
    from collections.abc import Sequence

    from soundflow.data.build.run import Order

RecipeArgument = Annotated[Path, typer.Argument(metavar="RECIPE", help="A TOML file, as recipes/corpus.toml.")]
OverridesArgument = Annotated[
    list[str] | None, typer.Argument(metavar="key=value", help="Values that replace the recipe's, as tfjp=false.")
]
ClipsOption = Annotated[Path, typer.Option("--clips", metavar="DIR", help="A folder with clips.jsonl.")]
VoicesOption = Annotated[
    list[Path] | None,
    typer.Option("--voices", metavar="DIR", help="A folder of voices (`data voices`); repeatable.", show_default=False),
]
StreamsOption = Annotated[
    int | None, typer.Option("--streams", min=1, help="How many streams; else the recipe's.", show_default=False)
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
    overrides: OverridesArgument = None,
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
      soundflow data build recipes/corpus.toml tfjp=false --clips ../clips --out without-tfjp
    """
    import json

    from soundflow.cli.progress import SoundProgress
    from soundflow.data.build.plan import STREAM_SECONDS
    from soundflow.data.build.run import build as build_corpus

    order = order_of((recipe, overrides or ()), clips, voices or (), streams, seed, cache, out)
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
    for short in built.short:
        typer.echo(str(short), err=True)
    typer.echo(f"{built.sha256}  {out}")


def order_of(
    recipe: tuple[Path, Sequence[str]],
    clips: Path,
    voices: Sequence[Path],
    streams: int | None,
    seed: int,
    cache: Path | None,
    out: Path,
) -> Order:
    """What a worker is told; the recipe is a file and what stands above it."""
    from soundflow.data.build.recipe import read_recipe
    from soundflow.data.build.run import Order

    folders = (str(clips), *map(str, voices))
    read = read_recipe(*recipe, streams=streams)
    return Order(read, seed, folders, None if cache is None else str(cache), str(out))


def plan(
    recipe: RecipeArgument,
    clips: ClipsOption,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the corpus would go.")] = Path("corpus"),
    overrides: OverridesArgument = None,
    voices: VoicesOption = None,
    streams: StreamsOption = None,
    seed: SeedOption = 0,
    cache: CacheOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Say what a build will make, how long it takes, how much disk it needs, and which licences go in.

    \b
    Example:
      soundflow data plan recipes/corpus.toml --clips ../clips --streams 2000
    """
    import json

    from soundflow.data.build.plan import plan as forecast

    found = forecast(order_of((recipe, overrides or ()), clips, voices or (), streams, seed, cache, out))
    if as_json:
        typer.echo(json.dumps(found.to_dict(), ensure_ascii=False))
        return
    typer.echo(
        f"{found.streams} streams in {found.shards} shards: {found.hours:.2f} h of sound, {found.gigabytes:.2f} GB of "
        f"{found.free_gigabytes:.0f} GB free, {found.core_hours * 60:.1f} minutes of one core"
    )
    typer.echo(f"{found.rejected_share:.1%} of attempts rejected; measured on {found.measured_on} streams")
    for name, reason in found.cannot.items():
        typer.echo(f"cannot be built: {name}: {reason}")
    for licence, share in found.licences.items():
        typer.echo(f"{share:6.1%} of the streams hold {licence}")


def stats(
    corpus: CorpusArgument,
    page: Annotated[
        Path | None,
        typer.Option("--page", metavar="FILE", help="The HTML file; else CORPUS/stats.html.", show_default=False),
    ] = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Count a corpus and draw it: sub-tasks, rounds, words, silence, levels, lengths, sources, domains.

    \b
    Example:
      soundflow data stats corpus
    """
    import json

    from soundflow.data.build.corpus import read_claim, read_index, read_quarantine
    from soundflow.data.report.page import write_page
    from soundflow.data.report.stats import stats_of

    claim = read_claim(corpus)
    found = stats_of(read_index(corpus), read_quarantine(corpus))
    place = page or corpus / "stats.html"
    recipe = claim["recipe"]
    write_page(found, f"{corpus.name}: {recipe['split']}, seed {claim['seed']}, {recipe['curation']} curation", place)
    if found.uncovered:
        typer.echo(f"domains without a stream: {', '.join(found.uncovered)}", err=True)
    typer.echo(json.dumps({"page": str(place), **found.to_dict()}) if as_json else str(place))


def inspect(
    corpus: CorpusArgument,
    stream: Annotated[str, typer.Argument(metavar="STREAM", help="Its number or key.")],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="The picture; else STREAM.png.", show_default=False)
    ] = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Draw one stream: spectrogram, events, decisions and what is said; with --json its provenance by the second.

    \b
    Example:
      soundflow data inspect corpus 17 --out 17.png
    """
    import dataclasses
    import json

    from soundflow.data.build.corpus import find_stream
    from soundflow.data.build.provenance import per_second
    from soundflow.data.report.inspect import draw_stream

    found = find_stream(corpus, stream)
    place = out or Path(f"{found.key}.png")
    draw_stream(found, place)
    if not as_json:
        typer.echo(place)
        return
    for trace in per_second(found.annotation, found.timeline):
        typer.echo(json.dumps(dataclasses.asdict(trace), ensure_ascii=False))


class UseName(StrEnum):
    """What is to be done with a corpus."""

    research = "research"
    share = "share"
    sell = "sell"


def audit(
    corpus: CorpusArgument,
    use: Annotated[UseName, typer.Option("--use", help="Refuse what may not be used so.")] = UseName.research,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Whose recordings are in a corpus and for how long; refuses mixes that may not be used as said.

    \b
    Example:
      soundflow data audit corpus --use share
    """
    import json

    from soundflow.data.build.audit import audit as go_through
    from soundflow.data.build.audit import refuse

    found = go_through(corpus)
    if as_json:
        typer.echo(json.dumps(found.to_dict(), ensure_ascii=False))
    else:
        typer.echo(f"{found.streams} streams, {found.seconds / 3600:.2f} h; recordings by licence:")
        for licence, seconds in found.to_dict()["licences"].items():
            typer.echo(f"{seconds / 3600:9.3f} h  {licence}")
        for name, reasons in found.refused.items():
            typer.echo(f"{name}: {'; '.join(f'{r} ({n})' for r, n in reasons.items()) or 'nothing against it'}")
    refuse(found, use.value)


def check(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A folder of clips, or a file of lines.")],
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Look at your own lines: what is wrong, where, and how to mend it. Exit code 1 when something is.

    \b
    Example:
      soundflow data check ../clips
    """
    import json

    from soundflow.data.build.check import check as look

    problems = 0
    for problem in look(path):
        problems += 1
        typer.echo(json.dumps(problem.to_dict(), ensure_ascii=False) if as_json else str(problem))
    typer.echo(f"{problems} problem{'s' * (problems != 1)}", err=True)
    if problems:
        raise typer.Exit(1)


def scenes(
    clips: ClipsOption,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="JSON lines, for a recipe's key `scenes`.")],
    endpoint: Annotated[str, typer.Option("--endpoint", metavar="URL", help="An OpenAI-compatible chat endpoint.")],
    model: Annotated[str, typer.Option("--model", metavar="NAME", help="The endpoint's model.")],
    key_env: Annotated[
        str, typer.Option("--key-env", metavar="NAME", help="The environment variable that holds the key.")
    ] = "",
    split: Annotated[str, typer.Option("--split", help="The split whose labels may be used.")] = "train",
    count: Annotated[int, typer.Option("--count", min=1, help="How many scenes are asked for.")] = 100,
    seed: SeedOption = 0,
    cache: CacheOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Let a chat endpoint plan scenes and refine them; whatever it says, only scenes of known labels are written.

    \b
    Example:
      soundflow data scenes --clips ../clips --endpoint http://localhost:8000/v1 --model qwen --out scenes.jsonl
    """
    import json

    from soundflow.data.clips import ClipStore, user_cache_dir
    from soundflow.data.curate.scenes import ask_for_scenes, write_scenes
    from soundflow.data.endpoints.asking import Asker
    from soundflow.data.endpoints.chat import ask_endpoint
    from soundflow.data.endpoints.config import EndpointConfig

    store = ClipStore(clips, cache)
    names = {clip.label: store.label(clip.label).names for clip in store.clips(split=split, kind="event")}
    asker = Asker(
        ask_endpoint(EndpointConfig(endpoint, model, key_env)), (cache or user_cache_dir()) / "answers", model
    )
    found = ask_for_scenes(asker, names, count, seed)
    write_scenes(found, out)
    for refusal in asker.refusals:
        typer.echo(f"not believed: {refusal.question}: {refusal.code}: {refusal.reason}", err=True)
    result = {"out": str(out), "scenes": len(found), "asked": count, "tally": dict(asker.tally)}
    typer.echo(json.dumps(result) if as_json else str(out))
