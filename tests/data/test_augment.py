"""Augmentation: each step by hand, and any mixture keeps a recording a recording."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soundflow.data.augment import (
    AugmentConfig,
    augment,
    band_gains,
    change_speed,
    companded,
    fast_length,
    room_response,
    saturated,
)

RATE = 16_000
NEVER = AugmentConfig(
    speed_share=0,
    equaliser_share=0,
    low_pass_share=0,
    high_pass_share=0,
    room_share=0,
    codec_share=0,
    saturation_share=0,
    device_noise_share=0,
)
SHARES = [f.name for f in dataclasses.fields(AugmentConfig) if f.name.endswith("_share")]
ALWAYS = dataclasses.replace(AugmentConfig(), **dict.fromkeys(SHARES, 1.0))  # type: ignore[arg-type]


def _noise(length: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(length).astype(np.float32) * np.float32(0.1)


def _tone(hertz: float, seconds: float = 1.0) -> np.ndarray:
    return np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE).astype(np.float32)


def _decibels(samples: np.ndarray) -> float:
    return float(10 * np.log10(np.square(samples.astype(np.float64)).mean()))


@settings(max_examples=60)
@given(length=st.integers(0, 6000), seed=st.integers(0, 999), on=st.sets(st.sampled_from(SHARES)))
def test_any_mixture_of_steps_keeps_type_and_finiteness_and_all_but_speed_keep_length(
    length: int, seed: int, on: set[str]
) -> None:
    config = dataclasses.replace(NEVER, **dict.fromkeys(on, 1.0))  # type: ignore[arg-type]
    heard = augment(_noise(length), np.random.default_rng(seed), config)
    assert heard.dtype == np.float32
    assert np.isfinite(heard).all()
    if "speed_share" not in on:
        assert len(heard) == length
    elif length >= 16:
        slowest, fastest = config.speed
        assert (length - 1) / fastest <= len(heard) <= (length - 1) / slowest + 1


def test_without_any_step_a_recording_stays_as_it_was() -> None:
    samples = _noise(1000)
    assert (augment(samples, np.random.default_rng(0), NEVER) == samples).all()


def test_the_same_generator_hears_the_same() -> None:
    one, two = (augment(_noise(8000), np.random.default_rng(5), ALWAYS) for _ in range(2))
    assert (one == two).all()


def test_silence_stays_silent() -> None:
    assert not augment(np.zeros(4000, np.float32), np.random.default_rng(0), ALWAYS).any()


def test_the_input_is_left_as_it_was() -> None:
    samples = _noise(4000)
    before = samples.copy()
    augment(samples, np.random.default_rng(0), ALWAYS)
    assert (samples == before).all()


def test_speed_moves_length_and_pitch() -> None:
    faster = change_speed(_tone(1000), 1.25)
    assert len(faster) == pytest.approx(RATE / 1.25, abs=1)
    spectrum = np.abs(np.fft.rfft(faster))
    assert spectrum.argmax() * RATE / len(faster) == pytest.approx(1250, abs=2)


def test_speed_interpolates_between_samples() -> None:
    ramp = np.arange(5, dtype=np.float32)
    assert change_speed(ramp, 0.5).tolist() == [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5]


@settings(max_examples=30)
@given(bits=st.integers(5, 8))
def test_a_coder_errs_by_at_most_half_a_step_of_its_law(bits: int) -> None:
    samples = _noise(2000)
    peak = np.abs(samples).max()
    coded = companded(samples, bits)
    law = np.log1p(255 * np.abs(np.stack([samples, coded])) / peak) / np.log(256)
    assert np.abs(law[0] - law[1]).max() <= 0.5 / 2 ** (bits - 1) + 1e-5
    assert (coded * samples >= 0).all()  # no sample changes sides


@pytest.mark.parametrize("drive", [1.0, 2.0, 4.0])
def test_saturation_keeps_the_peak_and_lifts_the_rest(drive: float) -> None:
    tone = _tone(440) * np.float32(0.5)
    bent = saturated(tone, drive)
    assert np.abs(bent).max() == pytest.approx(0.5, rel=1e-4)
    assert (np.abs(bent) >= np.abs(tone) - 1e-6).all()


def test_a_room_is_a_direct_sound_and_a_tail_60_db_down_at_its_end() -> None:
    response = room_response(np.random.default_rng(0), 0.5, 6.0)
    assert response[0] == 1.0
    assert 10 * np.log10(np.square(response[1:]).sum()) == pytest.approx(-6.0, abs=0.1)
    tenth = len(response) // 10
    fallen = _decibels(response[1 : tenth + 1]) - _decibels(response[-tenth:])
    assert fallen == pytest.approx(60 * 0.9, abs=1.5)  # from the middle of the first tenth to that of the last


def test_a_room_sounds_after_a_click_and_never_before_it() -> None:
    click = np.zeros(8000, np.float32)
    click[7000] = 1.0
    heard = augment(click, np.random.default_rng(0), dataclasses.replace(NEVER, room_share=1.0))
    assert np.abs(heard[:7000]).max() < 1e-5
    assert heard[7000] == pytest.approx(1.0, abs=1e-4)
    assert np.abs(heard[7001:]).max() > 1e-3


@pytest.mark.parametrize(("share", "kept", "lost"), [("low_pass", 200, 7900), ("high_pass", 7000, 20)])
def test_a_band_limit_keeps_its_side_and_takes_the_other(share: str, kept: int, lost: int) -> None:
    config = dataclasses.replace(NEVER, **{f"{share}_share": 1.0})  # type: ignore[arg-type]
    gains = band_gains(8001, np.random.default_rng(0), config)
    assert gains is not None  # one bin a hertz
    assert gains[kept] == pytest.approx(1.0, abs=0.05)
    assert gains[lost] < 0.7


def test_no_band_step_is_no_gain_at_all() -> None:
    assert band_gains(9, np.random.default_rng(0), NEVER) is None


def test_device_noise_lies_as_far_below_as_was_asked() -> None:
    config = dataclasses.replace(NEVER, device_noise_share=1.0, device_noise_db=(30.0, 30.0))
    tone = _tone(440)
    noise = augment(tone, np.random.default_rng(0), config) - tone
    assert _decibels(tone) - _decibels(noise) == pytest.approx(30.0, abs=0.3)


def test_the_level_stays_near() -> None:
    samples = _noise(RATE)
    heard = [augment(samples, np.random.default_rng(seed), AugmentConfig()) for seed in range(40)]
    moved = [_decibels(h) - _decibels(samples) for h in heard]
    assert max(np.abs(moved)) < 15
    assert abs(float(np.median(moved))) < 3


@settings(max_examples=60)
@given(least=st.integers(1, 200_000))
def test_a_fast_length_is_the_smallest_product_of_twos_and_threes(least: int) -> None:
    products = (2**a * 3**b for a in range(19) for b in range(13))
    assert fast_length(least) == min(p for p in products if p >= least)
