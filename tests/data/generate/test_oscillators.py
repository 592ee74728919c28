"""Tones without aliasing, gates, bars, places in time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soundflow.data.generate.oscillators import HIGHEST_HZ, Wave, arrange, gate, harmonic, square_weights, struck, times


def level_at(sound: Wave, hertz: float) -> float:
    """Amplitude of one frequency over the whole sound, which holds whole periods."""
    return float(2 * np.abs(np.mean(sound * np.exp(-2j * np.pi * hertz * np.arange(len(sound)) / 16_000))))


def test_harmonics_have_their_weights() -> None:
    sound = harmonic(500.0, [1.0, 0.0, 0.25], 1.0)
    assert [round(level_at(sound, hertz), 6) for hertz in (500, 1000, 1500, 2000)] == [1.0, 0.0, 0.25, 0.0]


def test_a_changing_pitch_has_the_phase_that_belongs_to_it() -> None:
    pitch = np.linspace(400, 800, 16_000)
    t = times(1.0)
    expected = np.sin(2 * np.pi * (400 * t + 200 * t**2))
    assert np.abs(harmonic(pitch, [1.0], 1.0) - expected).max() < 0.1


@settings(max_examples=30, deadline=None)
@given(st.floats(60, 7000))
def test_nothing_folds_back(hertz: float) -> None:
    sound = harmonic(hertz, [1.0] * 40, 1.0) * np.hanning(16_000)
    spectrum = np.abs(np.fft.rfft(sound)) ** 2
    places = np.arange(8001)
    far = np.abs(places / hertz - np.round(places / hertz)) * hertz > 5
    beyond = (places > HIGHEST_HZ + 5) | far
    assert spectrum[beyond].sum() < 1e-4 * spectrum.sum()


def test_a_square_has_odd_harmonics_only_falling_as_one_over_n() -> None:
    weights = square_weights(5)
    assert np.allclose(weights, [1, 0, -1 / 3, 0, 1 / 5], atol=1e-12)
    assert square_weights(4, duty=0.25)[3] == pytest.approx(0.0, abs=1e-12)


def test_a_gate_rises_stays_and_falls() -> None:
    pulse = gate(0.1, 0.01, 0.02)
    assert len(pulse) == 1600
    assert pulse[0] == 0
    assert pulse[80] == pytest.approx(0.5)
    assert (pulse[160:1280] == 1).all()
    assert pulse[-1] < 1e-4


def test_partials_of_a_bar_die_at_their_own_pace() -> None:
    sound = struck(1000.0, [1.0, 3.0, 9.0], [1.0, 0.5, 1.0], [0.5, 0.1, 1.0], 1.0)
    early, late = sound[800:2400], sound[8800:10_400]
    for hertz, decay in ((1000, 0.5), (3000, 0.1)):
        assert level_at(late, hertz) / level_at(early, hertz) == pytest.approx(np.exp(-0.5 / decay), rel=0.1)
    assert level_at(early, 9000 - 2 * (9000 - 8000)) < 0.01  # the ninth would have folded to 7 kHz


def test_parts_lie_where_they_were_put_and_add_up() -> None:
    mixed = arrange([(0.0, np.ones(4)), (2 / 16_000, np.ones(4))])
    assert mixed.tolist() == [1, 1, 2, 2, 1, 1]
    assert len(arrange([])) == 0
