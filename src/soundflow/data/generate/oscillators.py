"""The parts beepers and bells are made of: tones without aliasing, gates, struck bars, a place in time.

All pure functions on float64 at 16 kHz. Source: own. Tests: tests/data/generate/test_oscillators.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from soundflow.audio.pcm import SAMPLE_RATE

HIGHEST_HZ = 7600.0  # partials above are left out, so that nothing folds back from 8 kHz

Wave = NDArray[np.float64]


def times(seconds: float) -> Wave:
    """Seconds of every sample of a sound this long: [n]."""
    return np.arange(max(1, round(seconds * SAMPLE_RATE))) / SAMPLE_RATE


def harmonic(hertz: Wave | float, weights: Sequence[float], seconds: float, phase: float = 0.0) -> Wave:
    """A tone whose n-th harmonic has the n-th weight; harmonics that would fold back are left out.

    Args:
        hertz: pitch, constant or one value a sample.
        weights: amplitude of harmonics 1, 2, 3, ...
        seconds: length.
        phase: of the first harmonic at the start, in turns.
    """
    length = len(times(seconds))
    pitch = np.broadcast_to(np.asarray(hertz, np.float64), (length,))
    turns = phase + np.concatenate([[0.0], np.cumsum(pitch[:-1])]) / SAMPLE_RATE
    highest = float(pitch.max())
    sound = np.zeros(length)
    for number, weight in enumerate(weights, start=1):
        if weight and number * highest < HIGHEST_HZ:
            sound += weight * np.sin(2.0 * np.pi * number * turns)
    return sound


def square_weights(count: int = 15, duty: float = 0.5) -> list[float]:
    """Harmonics of a rectangular wave that is high for `duty` of its period; 0.5 has odd ones only."""
    return [float(np.sin(np.pi * n * duty) / n) for n in range(1, count + 1)]


def gate(seconds: float, attack: float, release: float) -> Wave:
    """A pulse that rises and falls on half cosines within its own length."""
    t = times(seconds)
    end = len(t) / SAMPLE_RATE
    rise = np.clip(t / max(attack, 1e-6), 0.0, 1.0)
    fall = np.clip((end - t) / max(release, 1e-6), 0.0, 1.0)
    return 0.25 * (1.0 - np.cos(np.pi * rise)) * (1.0 - np.cos(np.pi * fall))


def struck(
    hertz: float, ratios: Sequence[float], levels: Sequence[float], decays: Sequence[float], seconds: float
) -> Wave:
    """A bar or bell after one blow: partials at `hertz` x ratio, each dying by 1/e within its decay (seconds)."""
    t = times(seconds)
    sound = np.zeros(len(t))
    for ratio, level, decay in zip(ratios, levels, decays, strict=True):
        if hertz * ratio < HIGHEST_HZ:
            sound += level * np.exp(-t / decay) * np.sin(2.0 * np.pi * hertz * ratio * t)
    return sound * gate(seconds, 0.001, min(0.02, seconds / 4))


def arrange(parts: Iterable[tuple[float, Wave]]) -> Wave:
    """Sounds added at their start times (seconds); the result ends with the last of them."""
    placed = [(round(start * SAMPLE_RATE), sound) for start, sound in parts]
    out = np.zeros(max((start + len(sound) for start, sound in placed), default=0))
    for start, sound in placed:
        out[start : start + len(sound)] += sound
    return out
