"""Resampling: the same samples however they arrive, the right pitch, nothing folded back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from soundflow.audio.resample import Resampler, resample
from soundflow.errors import InputError


def tone(hertz: float, rate: int, seconds: float = 1.0) -> NDArray[np.float32]:
    return np.sin(2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate).astype(np.float32)


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from([8000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000]),
    st.lists(st.integers(1, 9000), min_size=1, max_size=8),
)
def test_any_cut_gives_the_same_samples(rate: int, sizes: list[int]) -> None:
    sound = np.random.default_rng(0).standard_normal(sum(sizes)).astype(np.float32)
    stream = Resampler(rate)
    borders = np.cumsum(sizes)[:-1]
    pieces = [stream.feed(piece) for piece in np.split(sound, borders)]
    assert np.array_equal(np.concatenate([*pieces, stream.end()]), resample(sound, rate))


@pytest.mark.parametrize("rate", [8000, 22_050, 44_100, 48_000])
def test_a_tone_keeps_its_length_pitch_and_level(rate: int) -> None:
    heard = resample(tone(1000, rate), rate)
    assert abs(len(heard) - 16_000) <= 1
    middle = slice(2000, 14_000)
    assert np.abs(heard[middle] - tone(1000, 16_000)[: len(heard)][middle]).max() < 1e-3


def test_what_16_khz_cannot_hold_is_removed_not_folded() -> None:
    assert np.abs(resample(tone(10_000, 48_000), 48_000)[1000:-1000]).max() < 1e-4


def test_16_khz_passes_untouched() -> None:
    sound = tone(440, 16_000)
    assert resample(sound, 16_000).tobytes() == sound.tobytes()


def test_a_resampler_may_be_used_again_after_its_end() -> None:
    stream, sound = Resampler(44_100), tone(440, 44_100)
    first = np.concatenate([stream.feed(sound), stream.end()])
    assert np.array_equal(first, np.concatenate([stream.feed(sound), stream.end()]))


@pytest.mark.parametrize("rate", [0, -1, 10**9])
def test_impossible_rates_are_refused(rate: int) -> None:
    with pytest.raises(InputError, match="sample rate"):
        Resampler(rate)
