"""`soundflow data import` and `data export`. Tests: tests/cli/test_data_lines.py."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from soundflow.cli.options import DebugOption, JsonOption


class FormName(StrEnum):
    """Whose lines are written."""

    streamaudio = "streamaudio"
    release = "release"


def import_(
    lines: Annotated[Path, typer.Argument(metavar="LINES", help="A file of JSON lines.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where our lines go.")],
    audio: Annotated[
        Path | None,
        typer.Option("--audio", metavar="DIR", help="Where their sounds are; else beside them.", show_default=False),
    ] = None,
    noise: Annotated[
        Path | None,
        typer.Option(
            "--noise", metavar="DIR", help="Noise between turns, drawn as the release does.", show_default=False
        ),
    ] = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Turn lines of StreamAudio-2M or of the release's training into timelines, and text sources into messages.

    The form is known from the lines. A line that cannot be used is left out with its number and reason.

    \b
    Example:
      soundflow data import voice_chatting.jsonl --audio StreamAudio-2M --out streams.jsonl
    """
    import json

    from soundflow.cli.row_progress import RowProgress
    from soundflow.data.import_lines import import_file

    with RowProgress("importing", _count(lines)) as progress:
        done = import_file(lines, out, audio, noise, progress.done)
    for number, reason in done.rejected.items():
        typer.echo(f"left out line {number}: {reason}", err=True)
    result = {"out": str(out), **done.to_dict()}
    typer.echo(json.dumps(result) if as_json else str(out))


def export(
    streams: Annotated[
        Path, typer.Argument(metavar="STREAMS", help="A folder of `data build`, or a file of `data import`.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="PLACE", help="A folder for a corpus, a file for lines.")],
    form: Annotated[FormName, typer.Option("--form", help="Whose lines.")] = FormName.streamaudio,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Write streams as lines of StreamAudio-2M or of the release's training: imported ones as they came.

    A corpus goes into a folder, lines.jsonl and a sound a turn: each stream cut behind every chunk that is answered.

    \b
    Example:
      soundflow data export corpus --form streamaudio --out published
    """
    import json

    from soundflow.cli.row_progress import RowProgress
    from soundflow.data.export_lines import export_corpus, export_imported

    if streams.is_dir():
        from soundflow.data.build.corpus import read_index

        with RowProgress("exporting", len(read_index(streams))) as progress:
            done = export_corpus(streams, out, form.value, progress.done)
    else:
        with RowProgress("exporting", _count(streams)) as progress:
            done = export_imported(streams, out, form.value, progress.done)
    for name, reason in done.rejected.items():
        typer.echo(f"left out {name}: {reason}", err=True)
    result = {"out": str(out), **done.to_dict()}
    typer.echo(json.dumps(result) if as_json else str(out))


def _count(lines: Path) -> int:
    """Lines of a file, for the time left; a file that cannot be read has none, and is complained of later."""
    try:
        with lines.open("rb") as file:
            return sum(1 for _ in file)
    except OSError:
        return 0
