"""`soundflow data index` and `data search`. Tests: tests/cli/test_data_store.py."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from soundflow.cli.options import DebugOption, JsonOption

if TYPE_CHECKING:
    from soundflow.data.store.embedders import Embedder
    from soundflow.data.store.index import ClipIndex, Hit, Wanted
    from soundflow.data.store.indexing import Indexed

StoreArgument = Annotated[Path, typer.Argument(metavar="STORE", help="A file of `data index`, or s3://BUCKET/KEY.")]


class RoleName(StrEnum):
    """The part a sound plays in a scene."""

    foreground = "foreground"
    background = "background"
    ambient = "ambient"


def index(
    places: Annotated[
        list[Path], typer.Argument(metavar="DIR", help="Folders of sound in a known layout; files of text (.jsonl).")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="STORE", help="The store, or s3://BUCKET/KEY.")],
    embed: Annotated[
        str | None,
        typer.Option(
            "--embed", metavar="NAME", help="Vectors by nano, minilm or clap:FOLDER as well.", show_default=False
        ),
    ] = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Put folders of sound into a clip store: a row a clip, found by its words, and by vectors with --embed.

    A folder's layout is known by what is in it: clips.jsonl, AudioSet, ESC-50, Common Voice, LibriSpeech, GigaSpeech,
    VoxPopuli, CoVoST 2, AISHELL-1, FMA, MUSAN, WHAM!, DNS; or sounds of your own in event/LABEL, music, background
    and speech. Started again it goes on where it stood.

    \b
    Examples:
      soundflow data index ../clips ESC-50-master --out clips.store
      soundflow data index musan chats.jsonl --out s3://corpora/clips.store --embed nano
    """
    import json

    from soundflow.cli.row_progress import RowProgress
    from soundflow.data.store import indexing
    from soundflow.data.store.index import ClipIndex
    from soundflow.data.store.remote import address, publish, working_copy

    remote = address(out)
    path = out if remote is None else working_copy(remote)
    planned = indexing.plan(places)
    embedder = _embedder(embed) if embed else None
    with ClipIndex(path) as store:
        with RowProgress("indexing", indexing.count(planned)) as progress:
            done = indexing.index_places(store, planned, progress.done)
        if embedder is not None:
            done.vectors = _embed(store, embedder)
        clips, left_out = len(store), list(store.quarantined())
    if remote is not None:
        publish(path, remote)
    for folder, name, reason in left_out:
        typer.echo(f"left out {name} of {folder}: {reason}", err=True)
    if done.moved:
        typer.echo(f"{done.moved} clips moved out of training or choosing, with their recordings", err=True)
    result = {"out": remote or str(out), "clips": clips, **done.to_dict()}
    typer.echo(json.dumps(result) if as_json else _summary(result, done))


def search(
    store: StoreArgument,
    query: Annotated[str, typer.Argument(metavar="[QUERY]", help="Words.", show_default=False)] = "",
    like: Annotated[
        Path | None,
        typer.Option("--like", metavar="SOUND", help="Find what sounds like this recording.", show_default=False),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(
            "--by", metavar="NAME", help="Look for QUERY by the vectors of this embedder.", show_default=False
        ),
    ] = None,
    top: Annotated[int, typer.Option("--top", min=1, max=512, help="How many are given.")] = 3,
    role: Annotated[
        RoleName | None, typer.Option("--role", help="What may play this part in a scene.", show_default=False)
    ] = None,
    licence: Annotated[
        list[str] | None,
        typer.Option("--licence", metavar="START", help="How its licence may begin; may be repeated."),
    ] = None,
    split: Annotated[list[str] | None, typer.Option("--split", help="Which split; may be repeated.")] = None,
    least_seconds: Annotated[float, typer.Option("--min-seconds", min=0, help="Not shorter.")] = 0.0,
    most_seconds: Annotated[float, typer.Option("--max-seconds", min=0, help="Not longer.")] = float("inf"),
    texts: Annotated[bool, typer.Option("--texts", help="Look among texts instead of clips.")] = False,
    exact: Annotated[bool, typer.Option("--exact", help="Compare with every vector.")] = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Find clips in a store: the best three for some words, or for a sound, among those that the filters let through.

    \b
    Examples:
      soundflow data search clips.store "glass breaking" --role foreground --max-seconds 10 --licence CC0
      soundflow data search clips.store --like crash.wav
    """
    import json

    from soundflow.data.store.index import ROLES, Wanted
    from soundflow.data.store.remote import opened
    from soundflow.errors import UsageError

    if bool(query) == (like is not None):
        raise UsageError("search.what", "expected words or --like SOUND, one of them", "add --help to see examples")
    seconds = {"--min-seconds": least_seconds, "--max-seconds": most_seconds != float("inf")}
    of_clips = {"--like": like, "--by": by, "--role": role, "--licence": licence, "--split": split, "--exact": exact}
    if texts and (given := [name for name, value in {**of_clips, **seconds}.items() if value]):
        raise UsageError("search.texts", f"--texts with {', '.join(given)}, which only clips have", "leave one out")
    kinds = ROLES[role.value] if role else ()
    wanted = Wanted((least_seconds, most_seconds), kinds, tuple(licence or ()), tuple(split or ()))
    with opened(store) as clips:
        read = clips.search_texts(query, top) if texts else []
        found = [] if texts else _hits(clips, query, like, by, top, wanted, exact)
    for text in read:
        typer.echo(json.dumps({"id": text.id, "language": text.language, "turns": text.turns}, ensure_ascii=False))
    for hit in found:
        row = _row(hit)
        typer.echo(json.dumps(row, ensure_ascii=False) if as_json else _line(row))
    if not (read or found):
        typer.echo("nothing was found", err=True)


def _embed(store: ClipIndex, embedder: Embedder) -> int:
    from soundflow.cli.row_progress import RowProgress
    from soundflow.data.store import indexing
    from soundflow.data.store.vectors import VectorTable

    table = VectorTable(store, embedder.name, embedder.width)
    left = sum(1 for _ in store.numbered(after_row=table.last_row))
    with RowProgress("embedding", left) as progress:
        count = indexing.embed(store, embedder, progress.done)
    if left:
        table.cluster()
    return count


def _hits(
    store: ClipIndex, query: str, like: Path | None, by: str | None, top: int, wanted: Wanted, exact: bool
) -> list[Hit]:
    if not (like or by):
        return store.search(query, top, wanted)
    from soundflow.audio.decode import read_audio
    from soundflow.audio.pcm import SAMPLE_RATE
    from soundflow.data.store.embedders import HEARD_SECONDS, Hearer, Reader
    from soundflow.data.store.vectors import PROBES, VectorTable, tables
    from soundflow.errors import InputError, UsageError

    names = [table.embedder for table in tables(store)]
    if not names:
        hint = "index again with --embed nano, minilm or clap:FOLDER"
        raise InputError("search.no_vectors", f"{store.path} has no vectors", hint)
    for name in [by] if by else [_argument(name) for name in names]:
        embedder = _embedder(name)
        if isinstance(embedder, Hearer if like else Reader):
            break
    else:
        does = "hears" if like else "reads"
        raise UsageError("search.embedder", f"none of {', '.join(names)} {does}", "index again with --embed")
    if embedder.name not in names:
        raise InputError("search.no_vectors", f"the store has vectors of {', '.join(names)}", "name one of them")
    if like and isinstance(embedder, Hearer):
        vector = embedder.of_sounds([read_audio(like)[: round(HEARD_SECONDS * SAMPLE_RATE)]])[0]
    else:
        assert isinstance(embedder, Reader)
        vector = embedder.of_texts([query])[0]
    return VectorTable(store, embedder.name, embedder.width).search(vector, top, wanted, None if exact else PROBES)


def _embedder(name: str) -> Embedder:
    from soundflow.data.store.embedders import packaged

    if name.partition(":")[0] in ("minilm", "clap"):
        return packaged(name)
    from soundflow.api import load
    from soundflow.model.embedding import EncoderMean

    return EncoderMean(load(name).bundle)


def _argument(stored: str) -> str:
    """What --embed was when vectors of this name were made."""
    return "minilm" if stored.startswith("minilm") else stored.removeprefix("encoder:")


def _row(hit: Hit) -> dict[str, Any]:
    clip = hit.clip
    names = ("id", "path", "label", "kind", "split", "seconds", "licence", "source")
    return {**{name: getattr(clip, name) for name in names}, "rank": round(hit.rank, 6)}


def _line(row: dict[str, Any]) -> str:
    return f"{row['id']}  {row['label']}  {row['seconds']:.1f} s  {row['licence']}  {row['path']}"


def _summary(result: dict[str, Any], done: Indexed) -> str:
    typer.echo(
        f"{done.added} clips added, {done.kept} were there, {done.texts} texts, {done.quarantined} left out", err=True
    )
    return str(result["out"])
