"""Noise that is shaped: by its spectrum, and slowly in time. All float64 at 16 kHz.

Source: own. Tests: tests/data/generate/test_noises.py.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from soundflow.audio.pcm import SAMPLE_RATE
from soundflow.data.generate.oscillators import Wave, times

Rng = np.random.Generator
Gain = Callable[[Wave], Wave]  # of frequencies in Hz, to amplitudes


def shaped(rng: Rng, seconds: float, gain: Gain) -> Wave:
    """Stationary noise with a spectrum: [n], of power 1."""
    count = len(times(seconds))
    spectrum = np.fft.rfft(rng.standard_normal(count)) * gain(
        np.asarray(np.fft.rfftfreq(count, 1 / SAMPLE_RATE), np.float64)
    )
    sound = np.fft.irfft(spectrum, count)
    return np.asarray(sound / (np.sqrt(np.mean(sound**2)) or 1.0))


def band(centre: float, octaves: float) -> Gain:
    """A bell on the scale of pitch: half the power `octaves` / 2 above and below its centre."""

    def gain(hertz: Wave) -> Wave:
        distance = np.log2(np.maximum(hertz, 1.0) / centre) / (octaves / 2)
        return np.asarray(2.0 ** (-0.5 * distance**2))

    return gain


def falling(corner: float, decibels_per_octave: float) -> Gain:
    """Flat up to a corner, falling above it."""

    def gain(hertz: Wave) -> Wave:
        return np.asarray(10.0 ** (-decibels_per_octave / 20 * np.log2(np.maximum(hertz / corner, 1.0))))

    return gain


def wandering(rng: Rng, seconds: float, turns_per_second: float) -> Wave:
    """A smooth curve that wanders between -1 and 1: [n]; it may turn so often a second."""
    count = max(4, round(seconds * turns_per_second) + 3)
    points = rng.uniform(-1.0, 1.0, count)
    at = times(seconds) / max(seconds, 1e-9) * (count - 1)
    left = np.minimum(at.astype(int), count - 2)
    share = 0.5 - 0.5 * np.cos(np.pi * (at - left))
    return np.asarray(points[left] * (1 - share) + points[left + 1] * share)
