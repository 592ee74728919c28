"""Devices: what a piezo, a loudspeaker, a bar and a bell sound like, and that no two are alike."""

from __future__ import annotations

import numpy as np

from soundflow.data.generate.devices import Bar, Beeper, drawn_level, log_uniform, piezo, rectangle
from soundflow.data.generate.oscillators import Wave

N = 8000  # samples of a tone's middle that are looked at: 2 Hz a bin


def spectrum_db(sound: Wave) -> Wave:
    middle = sound[4000 : 4000 + N] * np.hanning(N)
    power = np.abs(np.fft.rfft(middle)) ** 2 + 1e-30
    decibels: Wave = 10 * np.log10(power / power.max())
    return decibels


def band_peak(decibels: Wave, hertz: float) -> float:
    at = round(hertz * N / 16_000)
    return float(decibels[at - 8 : at + 9].max())


def test_a_piezo_is_nearly_a_sine_with_weak_harmonics() -> None:
    for seed in range(30):
        sound = piezo(np.random.default_rng(seed), 2000.0).beep(1.0)
        decibels = spectrum_db(sound)
        assert abs(np.argmax(decibels) * 2 - 2000) <= 4
        assert -40.5 < band_peak(decibels, 4000) < -15.5
        assert -34.5 < band_peak(decibels, 6000) < -9.5


def test_a_loudspeaker_square_has_odd_harmonics_only() -> None:
    for seed in range(10):
        decibels = spectrum_db(rectangle(np.random.default_rng(seed), 520.0).beep(1.0))
        assert -12 < band_peak(decibels, 1560) < -9.4
        assert band_peak(decibels, 1040) < -60
        assert band_peak(decibels, 2080) < -60


def test_the_pitch_settles() -> None:
    device = Beeper(1000.0, (1.0,), 0.001, 0.001, glide=0.05, settle=0.05)
    sound = device.beep(1.0)

    def crossings(part: Wave) -> int:
        return int((np.diff(np.sign(part)) != 0).sum())

    assert abs(crossings(sound[-1600:]) - 200) <= 1
    assert crossings(sound[:800]) > 101  # 50 ms: 100 of a steady tone, about 3 % more here


def test_bars_and_bells_end_when_they_can_no_longer_be_heard() -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        for bar in (Bar.drawn(rng), Bar.bell(rng)):
            sound = bar.blow(800.0)
            assert np.abs(sound[-320:]).max() < 0.01 * np.abs(sound).max()
            assert len(sound) < 16_000 * 5
            assert bar.levels[0] == 1.0 or max(bar.ratios) == bar.ratios[-1]


def test_no_two_devices_are_alike() -> None:
    assert len({piezo(np.random.default_rng(seed), 3000.0).weights for seed in range(50)}) == 50
    assert len({Bar.bell(np.random.default_rng(seed)).decays for seed in range(50)}) == 50


def test_draws_stay_in_their_ranges() -> None:
    rng = np.random.default_rng(0)
    assert all(0.1 <= drawn_level(rng, -20, 0) <= 1.0 for _ in range(200))
    pitches = [log_uniform(rng, 100, 10_000) for _ in range(2000)]
    assert 100 <= min(pitches) < max(pitches) <= 10_000
    assert 800 < float(np.median(pitches)) < 1250
