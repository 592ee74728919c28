"""Band-limited resampling to 16 kHz, whole or as the sound arrives. Tests: tests/audio/test_resample.py."""

from __future__ import annotations

import numpy as np
import soxr
from numpy.typing import NDArray

from soundflow.audio.pcm import SAMPLE_RATE
from soundflow.errors import InputError

QUALITY = "HQ"  # soxr's 20-bit recipe: stop band below -120 dB, pass band to 91 % of the lower Nyquist

Samples = NDArray[np.float32]


class Resampler:
    """Resamples a mono stream to 16 kHz in bounded memory; 16 kHz sound goes through untouched.

    Args:
        rate_in: sample rate of what is fed, Hz.

    Raises:
        InputError: the rate is not between 1 Hz and 1 MHz (`audio.rate`).
    """

    def __init__(self, rate_in: int) -> None:
        if not 1 <= rate_in <= 1_000_000:
            raise InputError("audio.rate", f"a sample rate of {rate_in} Hz", "give one between 1 and 1000000")
        self.rate_in = rate_in
        self._soxr = None if rate_in == SAMPLE_RATE else self._new_stream()

    def feed(self, samples: Samples) -> Samples:
        """Take float32 [n] in and return what can be computed by now; the filter's delay stays inside."""
        return samples if self._soxr is None else self._pass(samples, last=False)

    def end(self) -> Samples:
        """The rest, and a fresh start: float32 [m]."""
        if self._soxr is None:
            return np.zeros(0, np.float32)
        rest = self._pass(np.zeros(0, np.float32), last=True)
        self._soxr = self._new_stream()
        return rest

    def _new_stream(self) -> soxr.ResampleStream:
        return soxr.ResampleStream(self.rate_in, SAMPLE_RATE, 1, dtype="float32", quality=QUALITY)

    def _pass(self, samples: Samples, last: bool) -> Samples:
        assert self._soxr is not None
        out: Samples = self._soxr.resample_chunk(np.ascontiguousarray(samples, np.float32), last=last)
        return out


def resample(samples: Samples, rate_in: int) -> Samples:
    """A whole mono signal at 16 kHz: float32 [n] to [about n * 16000 / rate_in].

    Raises:
        InputError: as `Resampler`.
    """
    stream = Resampler(rate_in)
    return np.concatenate([stream.feed(samples), stream.end()])
