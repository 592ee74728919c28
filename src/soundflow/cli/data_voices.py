"""`soundflow data voices`. Tests: tests/cli/test_data_voices.py."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from soundflow.cli.options import DebugOption, JsonOption

if TYPE_CHECKING:
    from soundflow.data.build.recipe import Recipe
    from soundflow.data.voices.dialogues import Dialogue
    from soundflow.data.voices.engine import Listener, Speaker


class TextsName(StrEnum):
    """Which packaged texts are spoken."""

    dialogues = "dialogues"
    instructions = "instructions"
    general_instructions = "general-instructions"
    orders = "orders"
    keywords = "keywords"
    remarks = "remarks"


def voices(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the clips go.")],
    kokoro: Annotated[
        Path | None,
        typer.Option(
            "--kokoro", metavar="DIR", help="The folder `voices` of npm's kokoro-js package.", show_default=False
        ),
    ] = None,
    flite: Annotated[bool, typer.Option("--flite", help="Debian's program flite: plain voices, very fast.")] = False,
    espeak: Annotated[bool, typer.Option("--espeak", help="Debian's espeak-ng: fifty voices of a machine.")] = False,
    recipe: Annotated[
        Path | None,
        typer.Option(
            "--recipe",
            metavar="FILE",
            help="A TOML file whose [speech], [transcription] and [chat] name endpoints.",
            show_default=False,
        ),
    ] = None,
    messages: Annotated[
        Path | None,
        typer.Option(
            "--messages", metavar="FILE", help="JSON lines of dialogues; else the packaged texts.", show_default=False
        ),
    ] = None,
    texts: Annotated[
        TextsName, typer.Option("--texts", help="Which packaged texts, where there are no --messages.")
    ] = TextsName.dialogues,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="So many texts, drawn by the seed.", show_default=False)
    ] = None,
    voice: Annotated[
        list[str] | None, typer.Option("--voice", metavar="NAME", help="Only these voices.", show_default=False)
    ] = None,
    takes: Annotated[int, typer.Option("--takes", min=1, help="How often each text is said, by voices in turn.")] = 1,
    check: Annotated[bool, typer.Option("--check/--no-check", help="Let an ASR listen to every turn.")] = True,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Which voice a dialogue gets.")] = 0,
    split: Annotated[str, typer.Option("--split", help="Whose voices: a voice stands in one split only.")] = "train",
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Give texts a voice, offline or by endpoints: a folder of clips for `data build --voices`.

    A dialogue has one voice; a turn that an ASR mishears is said again twice, then the whole dialogue is dropped.

    \b
    Example:
      soundflow data voices --kokoro package/voices --out voices
      soundflow data voices --flite --no-check --texts instructions --takes 2 --out spoken
    """
    import json

    from soundflow.cli.progress import SoundProgress
    from soundflow.data.build.recipe import Recipe, read_recipe
    from soundflow.data.voices.choosing import said_often, sampled, texts_of
    from soundflow.data.voices.render import Studio, named_voices, render_dialogues

    read = read_recipe(recipe) if recipe else Recipe()
    speaker = _program(flite, espeak, kokoro, seed) or _speaker(read, kokoro)
    names, spoken = named_voices(speaker, voice or ())
    listener, languages = listener_of(read) if check else (None, ())
    chosen = sampled(_own(read, messages), limit, seed) if messages else texts_of(texts.value, spoken, limit, seed)
    dialogues = said_often(chosen, takes)
    studio = Studio(speaker, listener, out, seed, languages, split, names)
    with SoundProgress("voices", 3.0 * sum(len(dialogue.turns) for dialogue in dialogues)) as progress:
        outcome = render_dialogues(dialogues, studio, progress.heard)
    for name, reason in outcome.dropped.items():
        typer.echo(f"dropped {name}: {reason}", err=True)
    if outcome.unchecked:
        typer.echo(f"{outcome.unchecked} dialogues were written without a check: asr_checked is false", err=True)
    result = outcome.to_dict()
    typer.echo(json.dumps({"out": str(out), **result}) if as_json else str(out))


def _program(flite: bool, espeak: bool, kokoro: Path | None, seed: int) -> Speaker | None:
    """The program that was asked for, if one was."""
    from soundflow.data.voices.espeak import Espeak
    from soundflow.data.voices.flite import Flite
    from soundflow.errors import UsageError

    if flite + espeak + (kokoro is not None) > 1:
        hint = "run it once for each, into a folder each, and give `data build` all of them"
        raise UsageError("voices.several", "several speakers at once", hint)
    if flite:
        return Flite(seed)
    return Espeak(seed) if espeak else None


def _speaker(recipe: Recipe, kokoro: Path | None) -> Speaker:
    """The recipe's endpoint, or Kokoro from a folder of voices."""
    from soundflow.errors import UsageError

    if recipe.speech.is_set:
        from soundflow.data.voices.speech_endpoint import SpeechEndpoint

        return SpeechEndpoint(recipe.speech)
    if kokoro is None:
        hint = "give --kokoro DIR, --flite, --espeak, or --recipe FILE with [speech]"
        raise UsageError("voices.nobody", "nobody is there to speak", hint)
    from soundflow.data.voices.kokoro import Kokoro

    return Kokoro(kokoro)


def listener_of(recipe: Recipe) -> tuple[Listener, tuple[str, ...]]:
    """The recipe's endpoint, or Whisper base out of the installed packages; and the languages it checks."""
    if recipe.transcription.is_set:
        from soundflow.data.voices.transcription_endpoint import TranscriptionEndpoint

        return TranscriptionEndpoint(recipe.transcription), recipe.transcription.languages
    from soundflow.data.voices.whisper import LANGUAGES, Whisper

    return Whisper(), LANGUAGES


def _own(recipe: Recipe, messages: Path) -> list[Dialogue]:
    """A file's texts; a chat endpoint rewrites their turns as spoken and adds reviews."""
    from soundflow.data.voices.dialogues import from_messages
    from soundflow.errors import InputError

    dialogues: list[Dialogue] = []
    for found in from_messages(messages, "messages"):
        if isinstance(found, InputError):
            typer.echo(f"left out {found}", err=True)
        else:
            dialogues.append(found)
    if not recipe.chat.is_set:
        return dialogues
    from soundflow.data.clips import user_cache_dir
    from soundflow.data.endpoints.asking import Asker
    from soundflow.data.endpoints.chat import ask_endpoint
    from soundflow.data.voices.chat_review import with_reviews
    from soundflow.data.voices.chat_rewrite import respoken

    asker = Asker(ask_endpoint(recipe.chat), user_cache_dir() / "answers", recipe.chat.model)
    spoken = with_reviews(respoken(dialogues, asker), asker)
    for refusal in asker.refusals:
        typer.echo(f"not believed: {refusal.question}: {refusal.code}: {refusal.reason}", err=True)
    return spoken
