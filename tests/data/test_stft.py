"""The shared transform: what goes in comes out, and powers mean what they say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soundflow.data.stft import HOP, frame_power, istft, stft


def _noise(length: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(length).astype(np.float32) * np.float32(0.1)


@settings(max_examples=60)
@given(length=st.integers(0, 4000), seed=st.integers(0, 9))
def test_any_clip_comes_back_and_the_padding_to_a_whole_hop_is_silent(length: int, seed: int) -> None:
    clip = _noise(length, seed)
    back = istft(stft(clip))
    assert back.dtype == np.float32
    assert len(back) == -(-length // HOP) * HOP
    assert np.abs(back[:length] - clip).max(initial=0) < 1e-6
    assert np.abs(back[length:]).max(initial=0) < 1e-6


def test_a_full_scale_sine_has_power_one_half() -> None:
    sine = np.sin(2 * np.pi * 1000 * np.arange(16_000) / 16_000).astype(np.float32)
    assert frame_power(stft(sine))[1:-1] == pytest.approx(0.5, rel=1e-4)


def test_frame_power_is_the_windowed_mean_square() -> None:
    frames = stft(_noise(3200))
    back = np.fft.irfft(frames, axis=1)  # one frame at a time, still windowed
    window_power = 0.375 * 400  # a Hann window's sum of squares is 3/8 of its length
    assert frame_power(frames) == pytest.approx(np.square(back).sum(axis=1) / window_power, rel=1e-4)


def test_a_frame_stands_in_the_middle_of_its_hop() -> None:
    click = np.zeros(1600, np.float32)
    click[5 * HOP + HOP // 2] = 1.0
    power = frame_power(stft(click))
    assert int(power.argmax()) == 5
    assert power[4] == pytest.approx(power[6], rel=0.05)  # its neighbours hear it alike


@settings(max_examples=20)
@given(first=st.integers(0, 20), count=st.integers(0, 9))
def test_dropped_frames_shorten_by_their_hops_and_leave_the_rest_alone(first: int, count: int) -> None:
    clip = _noise(30 * HOP)
    spectrum = np.delete(stft(clip), slice(first, first + count), axis=0)
    back = istft(spectrum)
    assert len(back) == (30 - count) * HOP
    near = 2 * HOP  # frames reach this far across the cut
    before = max(0, first * HOP - near)
    assert np.abs(back[:before] - clip[:before]).max(initial=0) < 1e-6
    after = 30 * HOP - (first + count) * HOP - near
    assert np.abs(back[len(back) - after :] - clip[len(clip) - after :]).max(initial=0) < 1e-6


def test_a_steady_tone_cut_by_whole_periods_stays_the_tone() -> None:
    tone = np.sin(2 * np.pi * 500 * np.arange(40 * HOP) / 16_000).astype(np.float32)  # five periods a hop
    spectrum = np.delete(stft(tone), slice(10, 20), axis=0)
    assert np.abs(istft(spectrum) - tone[: 30 * HOP]).max() < 1e-5
