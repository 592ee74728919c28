"""A listener behind `/v1/audio/transcriptions`: Whisper's own API and whatever speaks it.

Tests: tests/data/voices/test_endpoints.py.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import soundfile
from numpy.typing import NDArray

from soundflow.audio.pcm import SAMPLE_RATE
from soundflow.data.endpoints.client import asking, open_client
from soundflow.data.endpoints.config import EndpointConfig
from soundflow.errors import OutsideError

Samples = NDArray[np.float32]

MOST_CHARACTERS = 10_000  # of one turn's transcript


@dataclass(frozen=True)
class TranscriptionConfig(EndpointConfig):
    """A listening endpoint, and the languages it is trusted with; others go unchecked, flagged and counted."""

    languages: tuple[str, ...] = ("en", "zh")


class TranscriptionEndpoint:
    """Writes down what it hears by asking an endpoint.

    Raises:
        InputError: the key is not in the environment.
        OutsideError: the client is not installed.
    """

    def __init__(self, config: TranscriptionConfig) -> None:
        self.config = config
        self.name = f"endpoint:{config.model or 'transcription'}"
        self._client = open_client(config)

    def write_down(self, samples: Samples, language: str) -> str:
        """What was said, in words; `samples` float32 [n], 16 kHz.

        Raises:
            OutsideError: no answer, or one that is no text.
        """
        out = io.BytesIO()
        soundfile.write(out, samples, SAMPLE_RATE, format="WAV", subtype="PCM_16")
        with asking(self.config):
            answer = self._client.audio.transcriptions.create(
                model=self.config.model,
                file=("turn.wav", out.getvalue(), "audio/wav"),
                language=language,
                response_format="json",
                temperature=0.0,
            )
            found = getattr(answer, "text", None)
        if not isinstance(found, str) or len(found) > MOST_CHARACTERS:
            raise OutsideError("endpoint.no_text", f"the answer holds no text: {str(answer)[:80]!r}")
        return found
