"""A voice behind `/v1/audio/speech`: OpenAI's form, which servers of CosyVoice and others speak too.

Tests: tests/data/voices/test_endpoints.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from soundflow.data.endpoints.client import asking, bounded, open_client
from soundflow.data.endpoints.config import EndpointConfig
from soundflow.data.endpoints.sound import decoded
from soundflow.data.voices.engine import Voice
from soundflow.errors import InputError

Samples = NDArray[np.float32]

SPEEDS = (1.0, 0.92, 0.85)  # of the attempts: a voice that slurred is asked to speak slower


@dataclass(frozen=True)
class SpeechConfig(EndpointConfig):
    """A speech endpoint: its voices as "language name", and what may be done with its speech."""

    voices: tuple[str, ...] = ()
    licence: str = "unknown"


class SpeechEndpoint:
    """Says a text by asking an endpoint.

    Raises:
        InputError: no voice is named, one is not "language name", or the key is not in the environment.
        OutsideError: the client is not installed.
    """

    def __init__(self, config: SpeechConfig) -> None:
        self.config = config
        self.name = f"endpoint:{config.model or 'speech'}"
        self._voices = tuple(_voice(text, config.licence) for text in config.voices)
        if not self._voices:
            hint = 'as in voices = ["en alloy", "zh longxiaochun"]'
            raise InputError("speech.no_voices", "[speech] names no voices", hint)
        self._client = open_client(config)

    @property
    def voices(self) -> tuple[Voice, ...]:
        """The voices of the recipe."""
        return self._voices

    def say(self, text: str, voice: Voice, attempt: int = 0) -> Samples:
        """Speech, float32 [n], 16 kHz.

        Raises:
            OutsideError: no answer, or one that is no sound.
        """
        with asking(self.config):
            answer = self._client.audio.speech.create(
                model=self.config.model,
                voice=voice.name,
                input=text,
                response_format="wav",
                speed=SPEEDS[min(attempt, len(SPEEDS) - 1)],
            )
            found = answer.content
        return decoded(bounded(found))


def _voice(text: str, licence: str) -> Voice:
    language, _, name = text.partition(" ")
    if not name.strip() or not language.isalpha():
        raise InputError("speech.voice", f"{text!r} is no voice", 'write "language name", as in "en alloy"')
    return Voice(name.strip(), language.lower(), licence)
