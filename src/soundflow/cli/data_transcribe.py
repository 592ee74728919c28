"""`soundflow data transcribe`. Tests: tests/cli/test_data_transcribe.py."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from soundflow.cli.options import DebugOption, JsonOption


def transcribe(
    clips: Annotated[Path, typer.Option("--clips", metavar="DIR", help="A folder of clips.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the folder with words goes.")],
    label: Annotated[
        str | None, typer.Option("--label", metavar="NAME", help="Only speech of this label.", show_default=False)
    ] = None,
    split: Annotated[
        str | None, typer.Option("--split", metavar="NAME", help="Only of this split.", show_default=False)
    ] = None,
    language: Annotated[str, typer.Option("--language", help="What is spoken in them.")] = "en",
    recipe: Annotated[
        Path | None,
        typer.Option(
            "--recipe", metavar="FILE", help="A TOML file whose [transcription] names an endpoint.", show_default=False
        ),
    ] = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Let an ASR write down recordings of speech that came without words; a new folder of clips holds both.

    Without an endpoint Whisper base listens, out of the packages of the extra [voices]. A run that was stopped goes on
    where it stood. An order whose slots do not all stand in its words is left without any.

    \b
    Example:
      soundflow data transcribe --clips clips --label speech_coffee_order --split train --out clips-with-words
    """
    import json

    from soundflow.cli.data_voices import listener_of
    from soundflow.cli.progress import SoundProgress
    from soundflow.data.build.recipe import Recipe, read_recipe
    from soundflow.data.clips import ClipStore
    from soundflow.data.voices.transcribe import transcribe as write_down
    from soundflow.data.voices.transcribe import wordless

    store = ClipStore(clips)
    chosen = wordless(store, label, split)
    listener, _ = listener_of(read_recipe(recipe) if recipe else Recipe())
    with SoundProgress("transcribe", sum(store.seconds(clip) for clip in chosen)) as progress:
        done = write_down(
            store, chosen, listener, language, out, lambda clip: progress.heard(clip.label, store.seconds(clip))
        )
    if done.refused:
        typer.echo(f"{done.refused} clips stay without words: nothing was heard, or not all of their slots", err=True)
    typer.echo(json.dumps({"out": str(out), **done.to_dict()}) if as_json else str(out))
