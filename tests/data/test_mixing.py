"""Levels over what sounds, and noise tiled to any length."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soundflow.data.mixing import FRAME, active, active_power, frame_levels, level_of, tile_crossfade

SECOND = 16_000


def _noise(length: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(length).astype(np.float32) * np.float32(0.1)


def test_a_full_scale_square_wave_is_at_zero_dbfs() -> None:
    square = np.where(np.arange(SECOND) // 20 % 2, 1.0, -1.0).astype(np.float32)
    assert level_of(square) == pytest.approx(0.0, abs=1e-4)
    assert level_of(square * np.float32(0.1)) == pytest.approx(-20.0, abs=1e-4)


def test_a_pause_does_not_lower_a_level() -> None:
    clip = _noise(SECOND)
    paused = np.concatenate([clip[: 20 * FRAME], np.zeros(SECOND, np.float32), clip[20 * FRAME :]])
    assert level_of(paused) == pytest.approx(level_of(clip), abs=1e-3)


def test_frames_are_active_down_to_40_db_below_the_loudest() -> None:
    steps = np.repeat(np.power(10, np.array([0, -39, -41]) / 20), FRAME).astype(np.float32)
    assert active(steps).tolist() == [True, True, False]


def test_one_track_is_measured_where_another_sounds() -> None:
    main = np.repeat(np.array([0, 1, 0, 1], np.float32), FRAME)
    noise = np.repeat(np.array([9, 1, 9, 3], np.float32), FRAME)
    assert active_power(noise, over=main) == pytest.approx((1 + 9) / 2)


def test_silence_has_no_active_frame_and_a_finite_level() -> None:
    silence = np.zeros(SECOND, np.float32)
    assert not active(silence).any()
    assert active_power(silence) == 0.0
    assert level_of(silence) == pytest.approx(-120.0)


def test_a_clip_shorter_than_a_frame_still_has_a_level() -> None:
    assert len(frame_levels(np.ones(FRAME - 1, np.float32))) == 0
    assert level_of(np.full(FRAME - 1, 0.1, np.float32)) == pytest.approx(-20.0, abs=1e-4)


@settings(max_examples=60)
@given(
    recording=st.integers(1, 3000), length=st.integers(1, 9000), crossfade=st.integers(0, 800), seed=st.integers(0, 99)
)
def test_tiling_fills_any_length_from_any_recording(recording: int, length: int, crossfade: int, seed: int) -> None:
    samples = _noise(recording, seed)
    tiled, offset = tile_crossfade(samples, length, crossfade, np.random.default_rng(seed))
    assert tiled.dtype == np.float32
    assert len(tiled) == length
    assert 0 <= offset < recording
    untouched = max(0, min(length, recording - offset) - crossfade)  # before the first seam
    assert (tiled[:untouched] == samples[offset : offset + untouched]).all()


def test_a_long_enough_recording_is_cut_and_not_joined() -> None:
    samples = _noise(SECOND)
    tiled, offset = tile_crossfade(samples, 4000, 400, np.random.default_rng(1))
    assert (tiled == samples[offset : offset + 4000]).all()


def test_a_seam_of_noise_is_as_loud_as_the_rest() -> None:
    tiled, offset = tile_crossfade(_noise(SECOND), 10 * SECOND, 4000, np.random.default_rng(2))
    first = SECOND - offset
    second = first + SECOND - min(4000, first)  # where the second joint ends
    seam = slice(second - 4000, second)
    assert level_of(tiled[seam]) == pytest.approx(level_of(tiled), abs=0.5)


def test_the_same_generator_gives_the_same_track() -> None:
    one, two = (tile_crossfade(_noise(999), 5000, 100, np.random.default_rng(3)) for _ in range(2))
    assert (one[0] == two[0]).all()
    assert one[1] == two[1]
