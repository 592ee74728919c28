"""Sirens, engines, knocks and busy phones, measured."""

from __future__ import annotations

import numpy as np
import pytest

from soundflow.data.generate import machines as made
from soundflow.data.generate.clip import GeneratedClip
from soundflow.errors import UsageError
from tests.data.generate.test_alarms import number, peak_hertz, pulses_of, units


def pitch_track(clip: GeneratedClip, low: float, high: float) -> np.ndarray:
    """The strongest frequency between two, every 50 ms."""
    frames = clip.samples[: len(clip.samples) // 800 * 800].reshape(-1, 800)
    return np.array([peak_hertz(frame, low, high) for frame in frames[1:-1]])


@pytest.mark.parametrize("style", ["wail", "yelp"])
def test_a_siren_sweeps_between_its_two_pitches_in_its_period(style: str) -> None:
    for clip in units(made.siren, style)[:4]:
        low, high, period = number(clip, "hertz"), number(clip, "high_hertz"), number(clip, "period")
        track = pitch_track(clip, 0.8 * low, 1.1 * high)
        assert track.min() == pytest.approx(low, rel=0.15) and track.max() == pytest.approx(high, rel=0.15)
        spectrum = np.abs(np.fft.rfft(track - track.mean(), 8192))[1:]
        assert 0.05 * 8192 / (1 + int(spectrum.argmax())) == pytest.approx(period, rel=0.25)
        assert (period < 0.5) == (style == "yelp")


def test_a_two_tone_horn_has_two_notes() -> None:
    for clip in units(made.siren, "two_tone")[:4]:
        low, high = number(clip, "hertz"), number(clip, "high_hertz")
        near = [min(abs(hertz - low), abs(hertz - high)) for hertz in pitch_track(clip, 380, 660)]
        assert np.mean(np.array(near) < 25) > 0.85


def test_an_engine_fires_at_its_rate_and_never_twice_alike() -> None:
    for clip in units(made.engine, "idle")[:4]:
        spectrum = np.abs(np.fft.rfft(clip.samples)) ** 2
        hertz = np.fft.rfftfreq(len(clip.samples), 1 / 16_000)
        firing = number(clip, "hertz")
        near = sum(spectrum[np.abs(hertz - n * firing) < 0.05 * n * firing].sum() for n in (1, 2, 3))
        between = spectrum[np.abs(hertz - 0.5 * firing) < 0.1 * firing].sum()
        assert near > 20 * between


def test_revving_changes_the_pitch() -> None:
    ranges = []
    for clip in units(made.engine, "revving")[:4]:
        track = pitch_track(clip, 0.9 * number(clip, "hertz"), 3.2 * number(clip, "hertz"))
        ranges.append(np.percentile(track, 90) / np.percentile(track, 10))
    assert np.median(ranges) > 1.25


@pytest.mark.parametrize("style", ["polite", "pounding"])
def test_knocks_are_as_many_and_as_far_apart_as_drawn(style: str) -> None:
    for clip in units(made.door_knock, style):
        samples, gap, count = clip.samples.astype(float), number(clip, "gap"), int(number(clip, "pulses"))
        at = np.round(np.arange(count) * gap * 16_000).astype(int)
        blows = [np.abs(samples[max(0, a - 700) : a + 900]).max() for a in at]
        pauses = [np.abs(samples[a + int(0.1 * 16_000) : a + int(0.12 * 16_000)]).max() for a in at]
        assert min(blows) > 3 * max(pauses)
        assert len(samples) / 16_000 == pytest.approx((count - 1) * gap + 0.15, abs=0.08)


def test_pounding_is_lower_than_a_polite_knock() -> None:
    polite, pounding = (
        np.median([number(c, "hertz") for c in units(made.door_knock, s)]) for s in ("polite", "pounding")
    )
    assert pounding < polite


@pytest.mark.parametrize(("style", "pitches"), [("american", (480, 620)), ("european", (425,))])
def test_a_busy_line_is_half_a_second_on_and_off(style: str, pitches: tuple[int, ...]) -> None:
    clip = units(made.phone_tone, style)[0]
    pulses = pulses_of(clip.samples)
    assert [start for start, _ in pulses] == pytest.approx(range(len(pulses)), abs=0.02)
    assert [length for _, length in pulses] == pytest.approx([0.5] * len(pulses), abs=0.03)
    for hertz in pitches:
        assert peak_hertz(clip.samples, hertz - 60, hertz + 60) == pytest.approx(hertz, abs=3)


def test_unknown_styles_are_refused() -> None:
    with pytest.raises(UsageError, match="no style 'sad'"):
        made.siren(np.random.default_rng(0), "sad")
