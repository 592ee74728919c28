"""`soundflow data voices`. Tests: tests/data/voices/test_render.py."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from soundflow.cli.options import DebugOption, JsonOption


def voices(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the clips go.")],
    kokoro: Annotated[
        Path, typer.Option("--kokoro", metavar="DIR", help="The folder `voices` of npm's kokoro-js package.")
    ],
    messages: Annotated[
        Path | None,
        typer.Option(
            "--messages", metavar="FILE", help="JSON lines of dialogues; else the packaged texts.", show_default=False
        ),
    ] = None,
    check: Annotated[bool, typer.Option("--check/--no-check", help="Let an ASR listen to every turn.")] = True,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Which voice a dialogue gets.")] = 0,
    split: Annotated[str, typer.Option("--split", help="Whose voices: a voice stands in one split only.")] = "train",
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Give texts a voice, offline: a folder of clips for `data build --voices`.

    A dialogue has one voice; a turn that an ASR mishears is said again twice, then the whole dialogue is dropped.

    \b
    Example:
      soundflow data voices --kokoro package/voices --out voices
    """
    import json

    from soundflow.cli.progress import SoundProgress
    from soundflow.data.voices.dialogues import from_messages, packaged
    from soundflow.data.voices.kokoro import Kokoro
    from soundflow.data.voices.render import Studio, render_dialogues
    from soundflow.data.voices.whisper import Whisper
    from soundflow.errors import InputError

    found = list(packaged()) if messages is None else list(from_messages(messages, "messages"))
    dialogues = [dialogue for dialogue in found if not isinstance(dialogue, InputError)]
    for error in (line for line in found if isinstance(line, InputError)):
        typer.echo(f"left out {error}", err=True)
    studio = Studio(Kokoro(kokoro), Whisper() if check else None, out, seed, split=split)
    with SoundProgress("voices", 3.0 * sum(len(dialogue.turns) for dialogue in dialogues)) as progress:
        outcome = render_dialogues(dialogues, studio, progress.heard)
    for name, reason in outcome.dropped.items():
        typer.echo(f"dropped {name}: {reason}", err=True)
    result = outcome.to_dict()
    typer.echo(json.dumps({"out": str(out), **result}, ensure_ascii=False) if as_json else str(out))
