"""Plain samples: int16 and back, channels, samples that are not numbers."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from soundflow.audio.pcm import Cleaner, check_samples, from_s16le, to_mono, to_s16le
from soundflow.errors import InputError


def test_known_bytes() -> None:
    assert from_s16le(b"\x00\x00\x00\x40\x00\x80\xff\x7f").tolist() == [0.0, 0.5, -1.0, 32767 / 32768]
    assert from_s16le(b"\x01\x00").dtype == np.float32
    assert to_s16le(np.array([0.0, 0.5, -1.0], np.float32)) == b"\x00\x00\x00\x40\x00\x80"


def test_past_full_scale_is_clipped() -> None:
    assert from_s16le(to_s16le(np.array([1.5, -1.5], np.float32))).tolist() == [32767 / 32768, -1.0]


@settings(deadline=None)
@given(st.binary(max_size=400).filter(lambda raw: len(raw) % 2 == 0))
def test_there_and_back_is_the_identity(raw: bytes) -> None:
    assert to_s16le(from_s16le(raw)) == raw


def test_half_a_sample_is_an_error() -> None:
    with pytest.raises(InputError, match="3 bytes"):
        from_s16le(b"abc")


def test_channels_are_averaged() -> None:
    stereo = np.array([[1.0, 0.0], [0.5, -0.5]], np.float32)
    assert to_mono(stereo).tolist() == [0.5, 0.0]
    assert to_mono(stereo[:, :1]).tolist() == [1.0, 0.5]
    assert to_mono(stereo[:, 0]).dtype == np.float32


def test_good_samples_pass_untouched() -> None:
    samples = np.array([0.1, -3.0], np.float32)
    cleaner = Cleaner("a.wav")
    assert cleaner.clean(samples) is samples
    cleaner.end()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e30])
def test_a_bad_sample_becomes_zero_with_one_warning(bad: float, caplog: pytest.LogCaptureFixture) -> None:
    cleaner = Cleaner("a.wav")
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            assert cleaner.clean(np.array([0.5, bad], np.float32)).tolist() == [0.5, 0.0]
    assert [record.getMessage().startswith("a.wav") for record in caplog.records] == [True]
    assert cleaner.replaced == 2
    cleaner.end()


def test_nothing_to_hear_is_an_error_that_names_the_sound() -> None:
    with pytest.raises(InputError, match=r"a\.wav holds no sound") as empty:
        Cleaner("a.wav").end()
    assert empty.value.code == "audio.empty"
    cleaner = Cleaner("b.wav")
    cleaner.clean(np.full(3, np.nan, np.float32))
    with pytest.raises(InputError, match=r"b\.wav holds no number") as nan:
        cleaner.end()
    assert nan.value.code == "audio.nan"


@pytest.mark.parametrize(
    ("samples", "code"), [(np.zeros((2, 10), np.float32), "audio.shape"), (np.zeros(10, np.int16), "audio.dtype")]
)
def test_only_flat_floats_are_samples(samples: NDArray[Any], code: str) -> None:
    check_samples(np.zeros(10, np.float64))
    with pytest.raises(InputError) as refused:
        check_samples(samples)
    assert refused.value.code == code
