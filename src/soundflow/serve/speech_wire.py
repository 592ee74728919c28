"""Speech as it goes over the wire: a voice's samples to base64 of 16-bit PCM or G.711.

Tests: tests/serve/test_speech_wire.py.
"""

from __future__ import annotations

import base64

import numpy as np
import soxr
from numpy.typing import NDArray

from soundflow.serve.wire_audio import AudioFormat, g711_table

Samples = NDArray[np.float32]

_MOST_DELTA_SECONDS = 0.5  # of sound in one event: some 32 KB of base64 at 24 kHz; chosen


class WireSpeech:
    """Turns one reply's blocks of float32 samples into base64 pieces, in bounded memory.

    Args:
        audio_format: of the wire.
        rate: of the samples, Hz.
    """

    def __init__(self, audio_format: AudioFormat, rate: int) -> None:
        self._format = audio_format
        same = rate == audio_format.rate
        self._resampler = None if same else soxr.ResampleStream(rate, audio_format.rate, 1, dtype="float32")
        self.samples = 0  # that went out, at the wire's rate

    @property
    def milliseconds(self) -> int:
        """Of sound that went out."""
        return 1000 * self.samples // self._format.rate

    def feed(self, samples: Samples) -> list[str]:
        """Samples in, what can be sent by now out; the resampler's delay stays inside."""
        return self._pieces(self._pass(samples, last=False))

    def end(self) -> list[str]:
        """The rest."""
        return self._pieces(self._pass(np.zeros(0, np.float32), last=True))

    def _pass(self, samples: Samples, last: bool) -> Samples:
        whole = np.ascontiguousarray(samples, np.float32)
        return whole if self._resampler is None else self._resampler.resample_chunk(whole, last=last)

    def _pieces(self, samples: Samples) -> list[str]:
        self.samples += len(samples)
        step = int(_MOST_DELTA_SECONDS * self._format.rate)
        return [
            base64.b64encode(encode(samples[start : start + step], self._format)).decode()
            for start in range(0, len(samples), step)
        ]


def encode(samples: Samples, audio_format: AudioFormat) -> bytes:
    """Float32 samples as the format's bytes; what is louder than full scale is clipped, what is no number is silent."""
    finite = np.clip(np.nan_to_num(samples, nan=0.0), -1.0, 1.0)
    if audio_format.type == "audio/pcm":
        return np.round(finite * 32767.0).astype("<i2").tobytes()
    return _nearest(finite, g711_table(audio_format.type)).tobytes()


def _nearest(samples: Samples, values: Samples) -> NDArray[np.uint8]:
    """The codes whose values are nearest. Source: ITU-T G.711: a code stands for an interval around its value."""
    order = np.argsort(values, kind="stable")
    borders = (values[order][1:] + values[order][:-1]) / 2
    codes: NDArray[np.uint8] = order[np.searchsorted(borders, samples)].astype(np.uint8)
    return codes
