"""`soundflow data fetch`. Tests: tests/cli/test_data_fetch.py."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from soundflow.cli.options import DebugOption, JsonOption

if TYPE_CHECKING:
    from soundflow.data.fetch.catalogue import PublicSource, RemoteFile


def fetch(
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="A source; without it all are listed.")] = "",
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Where it goes; else ./NAME.", show_default=False)
    ] = None,
    part: Annotated[list[str] | None, typer.Option("--part", help="Only this part; may be repeated.")] = None,
    accept_licence: Annotated[
        bool, typer.Option("--accept-licence", help="I have read its licence and agree.")
    ] = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Fetch one of the paper's public sources: goes on where it was cut, checks digests, asks for the licence first.

    Where a source publishes no digest, the first download's is recorded in fetched.json and later ones must equal it.

    \b
    Examples:
      soundflow data fetch
      soundflow data fetch librispeech --part test-clean --accept-licence
    """
    import json
    import time

    from soundflow.cli.byte_progress import ByteProgress
    from soundflow.data.fetch.catalogue import source, sources
    from soundflow.data.fetch.download import fetch as bring
    from soundflow.errors import OutsideError, UsageError

    if not name:
        for known in sources().values():
            typer.echo(json.dumps(_plain(known), ensure_ascii=False) if as_json else _line(known))
        return
    wanted = source(name)
    if wanted.by_hand and not wanted.files:
        raise OutsideError(
            "fetch.by_hand", f"{wanted.title} ({wanted.licence}) is no program's to fetch", wanted.by_hand
        )
    files = wanted.chosen(tuple(part or ()))
    if not accept_licence:
        for line in (_line(wanted), f"  {wanted.terms}", *(f"  {_size(file)}" for file in files)):
            typer.echo(line, err=True)
        hint = "read its page; if you agree, add --accept-licence"
        raise UsageError("fetch.licence", f"{wanted.title} is under {wanted.licence} ({wanted.page})", hint)
    folder = out or Path(wanted.name)
    for file in files:
        with ByteProgress(file.name) as progress:
            fetched = bring(file, folder, progress.there, time.sleep)
        if as_json:
            typer.echo(json.dumps({"source": wanted.name, "licence": wanted.licence, **fetched.to_dict()}))
        else:
            typer.echo(f"{fetched.path}: {fetched.bytes} bytes, checked against {fetched.checked}", err=True)
    if not as_json:
        typer.echo(folder)


def _line(known: PublicSource) -> str:
    how = (
        "by hand"
        if not known.files
        else f"{len(known.files)} files" + (f" ({', '.join(known.parts)})" if known.parts else "")
    )
    return f"{known.name}: {known.title} - {known.role}; {known.licence}; {how}; {known.page}"


def _size(file: RemoteFile) -> str:
    size = f"{file.bytes / 1e6:.0f} MB" if file.bytes else file.about or "size not published"
    digest = f"{file.digest[0]} published" if file.digest else "no digest published"
    return f"{file.name}: {size}, {digest}"


def _plain(known: PublicSource) -> dict[str, object]:
    import dataclasses

    return dataclasses.asdict(known)
