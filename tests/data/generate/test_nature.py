"""Wind and water, measured."""

from __future__ import annotations

import numpy as np
import pytest

from soundflow.data.generate import nature as made
from tests.data.generate.test_alarms import number, peak_hertz, units
from tests.data.generate.test_noises import power_between


def levels(samples: np.ndarray, seconds: float) -> np.ndarray:
    """Power of pieces of a sound."""
    step = round(seconds * 16_000)
    return np.asarray(np.mean(samples[: len(samples) // step * step].reshape(-1, step).astype(float) ** 2, axis=1))


def test_wind_is_low_and_comes_in_gusts() -> None:
    swings = []
    for clip in units(made.wind, "gusts")[:5]:
        assert power_between(clip.samples, 0, 1500) > 0.9
        inner = levels(clip.samples, 0.25)[2:-3]
        swings.append(10 * np.log10(inner.max() / inner.min()))
    assert np.median(swings) > 6.0


def test_a_howl_has_a_pitch_that_gusts_have_not() -> None:
    def share(style: str) -> float:
        clips = units(made.wind, style)[:4]
        return float(
            np.median([power_between(c.samples, 0.85 * number(c, "hertz"), 1.5 * number(c, "hertz")) for c in clips])
        )

    assert share("howl") > 0.3 > 2 * share("gusts")


@pytest.mark.parametrize("style", ["slow", "quick"])
def test_drops_fall_at_their_pace_and_sound_like_their_bubble(style: str) -> None:
    for clip in units(made.water_drops, style):
        gap, count = number(clip, "gap"), int(number(clip, "pulses"))
        at = np.round(np.arange(count) * gap * 16_000).astype(int)
        step = int(0.12 * gap * 16_000)
        found = [np.abs(clip.samples[max(0, a - step) : a + step]).max(initial=0) for a in at]
        assert min(found) > 0.5 * max(found)
        assert 0.75 < peak_hertz(clip.samples) / number(clip, "hertz") < 1.45
        assert 650 <= number(clip, "hertz") <= 3270


def test_pouring_is_dense_and_its_glass_fills() -> None:
    rising = []
    for clip in units(lambda rng, style: made.pouring_water(rng), "")[:4]:
        inner = levels(clip.samples, 0.25)[1:-2]
        assert 10 * np.log10(inner.max() / inner.min()) < 12.0  # it never stops in between
        assert number(clip, "bubbles") / (len(clip.samples) / 16_000) >= 55
        rising.append(number(clip, "last_hertz") / number(clip, "first_hertz"))
    assert min(rising) > 1.5
