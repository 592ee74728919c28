"""Two gates that understand nothing: speak when it gets loud, speak when it sounds like a voice.

Both are causal: a chunk's score depends on the sound up to its end. Thresholds were chosen once, for the highest
balanced accuracy on composed streams of a `valid` split (`benchmarks/baselines.py`). Tests:
tests/bench/baselines/test_gates.py.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from soundflow.bench.baselines.rising import CHUNK_SAMPLES, end_of, rises
from soundflow.bench.scoring import SpokenReply

Samples = NDArray[np.float32]
Frames = NDArray[np.float64]

LOUD_DB = 20.0  # over the floor; see the module's head
VOICED_SHARE = 1.0  # of a chunk's frames; see the module's head

_FLOOR_CHUNKS = 25  # the quietest chunk of the last 10 s is the floor; chosen
_SILENCE_DB = -80.0  # dBFS; below it there is nothing to compare with
_FRAME = 400  # samples: 25 ms
_VOICE_BINS = slice(5, 100)  # of 40 Hz each: 200 Hz to 4 kHz, where speech is
_VOICE_SHARE_OF_POWER = 0.8  # of a frame's power that lies there
_MOST_FLATNESS = 0.25  # geometric over arithmetic mean of the power there: voices have harmonics, noise has not
_FRAME_OVER_FLOOR_DB = 6.0  # a quieter frame is no voice; chosen


def energy_gate(samples: Samples, instruction: str | None = None) -> list[SpokenReply]:
    """Speaks at each rise of level. Samples [n], 16 kHz; the instruction is not understood."""
    return [SpokenReply(end_of(chunk)) for chunk in rises(loudness(samples), LOUD_DB)]


def voice_gate(samples: Samples, instruction: str | None = None) -> list[SpokenReply]:
    """Speaks whenever something like a voice sets in. Samples [n], 16 kHz; the instruction is not understood."""
    return [SpokenReply(end_of(chunk)) for chunk in rises(voicing(samples), VOICED_SHARE)]


def loudness(samples: Samples) -> list[float]:
    """Of each chunk: its level in dB over the quietest chunk of the 10 s before its end."""
    levels = [_level_db(float(np.square(chunk, dtype=np.float64).mean())) for chunk in _chunks(samples)]
    return [level - floor for level, floor in zip(levels, _floors(levels), strict=True)]


def voicing(samples: Samples) -> list[float]:
    """Of each chunk: the share of its 25 ms frames that have a voice's band, harmonics and level.

    Source: own, after detectors by energy, spectral flatness and dominant band (Moattar and Homayounpour 2009).
    """
    window = np.hanning(_FRAME)
    powers = [np.abs(np.fft.rfft(chunk.reshape(-1, _FRAME) * window)) ** 2 + 1e-12 for chunk in _chunks(samples)]
    levels = [_level_db(float(power.mean()) / _FRAME) for power in powers]
    return [_voiced(power, floor) for power, floor in zip(powers, _floors(levels), strict=True)]


def _voiced(power: Frames, floor_db: float) -> float:
    band = power[:, _VOICE_BINS]
    flatness = np.exp(np.log(band).mean(axis=1)) / band.mean(axis=1)
    share = band.sum(axis=1) / power.sum(axis=1)
    level = 10 * np.log10(power.mean(axis=1) / _FRAME)
    voiced = (share > _VOICE_SHARE_OF_POWER) & (flatness < _MOST_FLATNESS) & (level > floor_db + _FRAME_OVER_FLOOR_DB)
    return float(voiced.mean())


def _chunks(samples: Samples) -> Iterator[Samples]:
    """Whole chunks; the last one is filled up with zeros."""
    for start in range(0, len(samples), CHUNK_SAMPLES):
        piece = samples[start : start + CHUNK_SAMPLES]
        yield np.pad(piece, (0, CHUNK_SAMPLES - len(piece))) if len(piece) < CHUNK_SAMPLES else piece


def _floors(levels: list[float]) -> list[float]:
    """Before each chunk, the quietest of those that came; the first has itself."""
    recent: deque[float] = deque(maxlen=_FLOOR_CHUNKS)
    floors = []
    for level in levels:
        floors.append(min(recent, default=level))
        recent.append(level)
    return floors


def _level_db(power: float) -> float:
    return max(_SILENCE_DB, 10 * float(np.log10(max(power, 1e-20))))
