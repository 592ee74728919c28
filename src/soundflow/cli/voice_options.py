"""Options about voices and writers that verbs share, and what they open. Tests: tests/cli/test_listen.py."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from soundflow.errors import SoundflowError
    from soundflow.serve.responder import Writers
    from soundflow.serve.speech import Voice
    from soundflow.serve.speech_out import SpeakOut

VoiceOption = Annotated[
    str | None,
    typer.Option("--voice", metavar="V", help="Who says replies: kokoro:FOLDER, or openai:MODEL@URL."),
]
VoiceNameOption = Annotated[
    str | None, typer.Option("--voice-name", metavar="NAME", help="Which of its voices.", show_default=False)
]
ResponderOption = Annotated[
    str | None,
    typer.Option("--responder", metavar="R", help="Who words replies: openai:MODEL@URL; by default the model itself."),
]

SpeakOption = Annotated[
    str | None,
    typer.Option("--speak", metavar="OUT", help="Say replies with --voice: `speakers`, or a file such as said.wav."),
]

_KOKORO = "kokoro:"
_SPEAKERS = "speakers"
_ASKED_AT_ONCE = 4  # sentences of an endpoint: one that is slow must not keep all sessions waiting; chosen
_KOKORO_VOICE = "af_heart"


@contextmanager
def voice_for(wanted: str | None, name: str | None) -> Iterator[Voice | None]:
    """The voice a user asked for, while it is used; None where there is none.

    Raises:
        UsageError: neither kokoro:FOLDER nor openai:MODEL@URL, or a name without a voice (`voice.missing`).
    """
    if wanted is None:
        if name is not None:
            from soundflow.errors import UsageError

            raise UsageError("voice.missing", "--voice-name without --voice", "add --voice, such as kokoro:FOLDER")
        yield None
        return
    voice = _offline(Path(wanted.removeprefix(_KOKORO)), name) if wanted.startswith(_KOKORO) else _online(wanted, name)
    try:
        yield voice
    finally:
        voice.close()


@contextmanager
def speaking(
    out: str | None, wanted: str | None, name: str | None, complain: Callable[[SoundflowError], None]
) -> Iterator[SpeakOut | None]:
    """What says a stream's replies where the user asked for it; leaving the block waits for the last word.

    Raises:
        UsageError: a place without a voice, or a voice without a place (`voice.missing`).
    """
    from soundflow.errors import UsageError

    if (out is None) != (wanted is None):
        found = "--speak without --voice" if wanted is None else "--voice without --speak"
        raise UsageError("voice.missing", found, "give both, such as --speak said.wav --voice kokoro:FOLDER")
    with voice_for(wanted, name) as voice:
        if out is None or voice is None:
            yield None
            return
        from soundflow.serve.speech_out import Loudspeaker, SpeakOut, WavFile

        player = Loudspeaker(voice.rate) if out == _SPEAKERS else WavFile(Path(out), voice.rate)
        said = SpeakOut(voice, player, complain)
        try:
            yield said
        except BaseException as failure:
            said.stop()
            said.close(is_kept=isinstance(failure, KeyboardInterrupt))  # a start that failed takes no file's place
            raise
        said.close()


@contextmanager
def writers_for(wanted: str | None) -> Iterator[Writers | None]:
    """The writers a user asked for, while they are used; None where there are none."""
    if wanted is None:
        yield None
        return
    from soundflow.cli.needs import need
    from soundflow.serve.endpoints import read_endpoint
    from soundflow.serve.responder import Writers

    need("serve", "openai")
    from soundflow.serve.responder_chat import KEY_VARIABLE, chat_writer

    writers = Writers(chat_writer(read_endpoint(wanted, os.environ.get(KEY_VARIABLE, ""))))
    try:
        yield writers
    finally:
        writers.close()


def _offline(folder: Path, name: str | None) -> Voice:
    from soundflow.audio.pcm import SAMPLE_RATE
    from soundflow.data.voices.kokoro import Kokoro
    from soundflow.errors import UsageError
    from soundflow.serve.speech import Voice, in_one_block

    engine = Kokoro(folder)
    asked = name or _KOKORO_VOICE
    voice = next((voice for voice in engine.voices if voice.name == asked), None)
    if voice is None:
        known = ", ".join(voice.name for voice in engine.voices)
        raise UsageError("voice.name", f"no voice {asked!r} in {folder}", f"there are {known}")
    spoken = Voice(in_one_block(lambda sentence: engine.say(sentence, voice)), SAMPLE_RATE)
    spoken.work(lambda: engine.say("Ready.", voice))  # the first sentence takes seconds longer: let it be this one
    return spoken


def _online(wanted: str, name: str | None) -> Voice:
    from soundflow.cli.needs import need
    from soundflow.serve.endpoints import read_endpoint
    from soundflow.serve.speech import Voice

    need("serve", "openai")
    from soundflow.serve.speech_endpoint import KEY_VARIABLE, RATE, endpoint_voice

    endpoint = read_endpoint(wanted, os.environ.get(KEY_VARIABLE, ""))
    say = endpoint_voice(endpoint) if name is None else endpoint_voice(endpoint, name)
    return Voice(say, RATE, threads=_ASKED_AT_ONCE)
