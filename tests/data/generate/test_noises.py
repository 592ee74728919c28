"""Shaped noise: its spectrum and its wandering, by numbers."""

from __future__ import annotations

import numpy as np
import pytest

from soundflow.data.generate.noises import band, falling, shaped, wandering


def power_between(sound: np.ndarray, low: float, high: float) -> float:
    """Share of a sound's power in a band."""
    power = np.abs(np.fft.rfft(sound)) ** 2
    hertz = np.fft.rfftfreq(len(sound), 1 / 16_000)
    return float(power[(hertz >= low) & (hertz < high)].sum() / power.sum())


def test_a_band_is_round_its_centre() -> None:
    gain = band(1000.0, 2.0)
    assert gain(np.array([500.0, 1000.0, 2000.0])) ** 2 == pytest.approx([0.5, 1.0, 0.5])
    sound = shaped(np.random.default_rng(0), 2.0, gain)
    assert np.mean(sound**2) == pytest.approx(1.0)
    assert power_between(sound, 500, 2000) > 0.65


def test_a_slope_falls_by_its_decibels() -> None:
    gain = falling(200.0, 6.0)
    assert 20 * np.log10(gain(np.array([100.0, 200.0, 400.0, 1600.0]))) == pytest.approx([0, 0, -6, -18])


def test_a_wandering_curve_is_smooth_and_bounded() -> None:
    curve = wandering(np.random.default_rng(1), 4.0, 2.0)
    assert len(curve) == 64_000 and np.abs(curve).max() <= 1.0
    assert np.abs(np.diff(curve)).max() < 0.002 and np.ptp(curve) > 0.5
