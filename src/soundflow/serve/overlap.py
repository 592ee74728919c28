"""A voice over the model's reply, told from noise by its pitch. Tests: tests/serve/test_overlap.py.

It looks at loudness over the room's own and at whether the sound repeats itself as a voice does. Whatever has a pitch
of a voice passes for one: it cannot tell a word from a bark. No model is asked, so that it costs next to nothing.
"""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

_RATE = 16_000  # Hz
_FRAME = 512  # samples: 32 ms, two periods of the lowest voice
_LAGS = slice(_RATE // 400, _RATE // 75)  # a voice's pitch lies between 75 and 400 Hz
_FFT = 1024  # a frame and as many zeros: its correlation does not wrap round
_LOUDER_DB = 9.0  # than the room; chosen
_QUIETEST_DB = -50.0  # of full scale; below it nothing is a voice; chosen
_PERIODIC = 0.5  # correlation with itself one period later, from which a frame is voiced; chosen
_FLOOR_RISE_DB = 0.05  # a frame; a room that became louder is known after some seconds
_WINDOW = 16  # frames: half a second
_VOICED = 7  # of them voiced: a voice has begun; chosen
_UNVOICED = 2  # of them voiced: it has ended


class VoiceOver:
    """Hears sound in blocks of any size and says whether somebody is speaking."""

    def __init__(self) -> None:
        self.is_voice = False
        self._rest = np.zeros(0, np.float32)
        self._floor_db = 0.0
        self._voiced: deque[bool] = deque(maxlen=_WINDOW)

    def hear(self, samples: Samples) -> None:
        """Take in sound, float32 [n], 16 kHz mono."""
        samples = np.concatenate([self._rest, samples])
        frames = len(samples) // _FRAME
        self._rest = samples[frames * _FRAME :]
        for frame in samples[: frames * _FRAME].reshape(frames, _FRAME):
            self._voiced.append(self._is_voiced(frame))
            self.is_voice = sum(self._voiced) > (_UNVOICED if self.is_voice else _VOICED - 1)

    def _is_voiced(self, frame: Samples) -> bool:
        level_db = 10 * float(np.log10(np.mean(np.square(frame, dtype=np.float64)) + 1e-12))
        self._floor_db = min(self._floor_db + _FLOOR_RISE_DB, max(level_db, _QUIETEST_DB - _LOUDER_DB))
        if level_db < max(self._floor_db + _LOUDER_DB, _QUIETEST_DB):
            return False
        return _periodicity(frame) >= _PERIODIC


def _periodicity(frame: Samples) -> float:
    """The largest correlation of a frame with itself a voice's period later, 0 to 1."""
    centred = frame - frame.mean()
    power = np.square(np.abs(np.fft.rfft(centred, _FFT)))
    correlation = np.fft.irfft(power)[:_FRAME]
    overlap = 1 - np.arange(_FRAME) / _FRAME  # later lags see less of the frame
    return float((correlation[_LAGS] / overlap[_LAGS]).max() / (correlation[0] + 1e-12))
