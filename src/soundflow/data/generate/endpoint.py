"""Text to audio over HTTP: ElevenLabs' form, and the OpenAI-like one that servers of open models speak.

`openai` posts to `/audio/generate` as vLLM-Omni does (input, audio_length, seed), which serves open text-to-audio
models; `elevenlabs` posts to `/v1/sound-generation` (text, duration_seconds) with the key as `xi-api-key`. AudioX
publishes no HTTP interface of its own: give it the first form. Tests: tests/data/generate/test_endpoint.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from soundflow.data.endpoints.client import open_client, post_for_bytes
from soundflow.data.endpoints.config import EndpointConfig, key_of
from soundflow.data.endpoints.sound import decoded
from soundflow.data.generate.source import SoundRequest

Samples = NDArray[np.float32]
Form = Literal["openai", "elevenlabs"]

SECONDS_TAKEN = (0.5, 22.0)  # of ElevenLabs' duration_seconds


@dataclass(frozen=True)
class SoundsConfig(EndpointConfig):
    """A text-to-audio endpoint, and what it is asked for.

    Labels with fewer than `below` recordings get `per_label` sounds of about `seconds` each.
    """

    form: str = "openai"
    licence: str = "unknown"
    per_label: int = 4
    below: int = 8
    seconds: float = 5.0


class SoundEndpoint:
    """Makes sounds by asking an endpoint for them.

    Raises:
        InputError: the key is not in the environment.
        OutsideError: the client is not installed.
    """

    def __init__(self, config: SoundsConfig) -> None:
        self.config = config
        self.name = f"endpoint:{config.model or config.form}"
        self.licence = config.licence
        headers = {"xi-api-key": key_of(config)} if config.form == "elevenlabs" else {}
        self._client = open_client(config, headers)

    def make(self, request: SoundRequest) -> Samples:
        """A sound, float32 [n], 16 kHz.

        Raises:
            OutsideError: no answer, or one that is no sound.
        """
        ask = _elevenlabs if self.config.form == "elevenlabs" else _openai
        path, body, query = ask(request, self.config.model)
        return decoded(post_for_bytes(self._client, self.config, path, body, query))


Posted = tuple[str, dict[str, str | float | int], dict[str, str]]  # path, body, query


def _openai(request: SoundRequest, model: str) -> Posted:
    body: dict[str, str | float | int] = {"input": request.caption, "audio_length": request.seconds}
    body |= {"seed": request.number, "response_format": "wav"}
    return "/audio/generate", body | ({"model": model} if model else {}), {}


def _elevenlabs(request: SoundRequest, model: str) -> Posted:
    seconds = min(max(request.seconds, SECONDS_TAKEN[0]), SECONDS_TAKEN[1])
    body: dict[str, str | float | int] = {"text": request.caption, "duration_seconds": seconds}
    return "/v1/sound-generation", body | ({"model_id": model} if model else {}), {"output_format": "mp3_44100_128"}
