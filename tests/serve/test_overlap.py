"""A voice is told from noise, and from nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from soundflow.serve.overlap import VoiceOver

RATE = 16_000
Samples = NDArray[np.float32]


def noise(seconds: float, level: float, seed: int = 0) -> Samples:
    return (level * np.random.default_rng(seed).standard_normal(round(seconds * RATE))).astype(np.float32)


def vowel(seconds: float, pitch_hz: float, level: float = 0.1) -> Samples:
    """A buzz with falling harmonics, as a voice has them."""
    time = np.arange(round(seconds * RATE)) / RATE
    buzz = sum(np.sin(2 * np.pi * pitch_hz * k * time) / k for k in range(1, 12))
    return (level * np.asarray(buzz)).astype(np.float32)


def heard(sound: Samples, block: int = 1600) -> list[bool]:
    """Whether there is a voice, block by block."""
    over = VoiceOver()
    found = []
    for start in range(0, len(sound), block):
        over.hear(sound[start : start + block])
        found.append(over.is_voice)
    return found


@pytest.mark.parametrize("pitch_hz", [90, 140, 220, 350])
def test_a_voice_over_a_quiet_room_is_heard_within_half_a_second_and_its_end_too(pitch_hz: float) -> None:
    room = noise(4.0, 0.003)
    room[RATE : 2 * RATE] += vowel(1.0, pitch_hz)
    found = heard(room)
    assert not any(found[:10]) and any(found[10:15]) and all(found[15:20])
    assert not any(found[26:])


@pytest.mark.parametrize("level", [0.0, 0.003, 0.1])
def test_noise_is_no_voice_however_loud(level: float) -> None:
    room = noise(3.0, 0.003)
    room[RATE : 2 * RATE] += noise(1.0, level, seed=1)
    assert not any(heard(room))


def test_a_click_is_no_voice() -> None:
    room = noise(2.0, 0.003)
    room[RATE : RATE + 800] += vowel(0.05, 150, 0.8)
    assert not any(heard(room))


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 22_400), max_size=20))
def test_how_sound_is_cut_into_blocks_changes_nothing(cuts: list[int]) -> None:
    sound = np.concatenate([noise(0.5, 0.003), vowel(0.6, 150), noise(0.3, 0.003)])
    whole, pieces = VoiceOver(), VoiceOver()
    whole.hear(sound)
    for block in np.split(sound, sorted(cuts)):
        pieces.hear(block)
    assert pieces.__dict__.pop("_rest").tobytes() == whole.__dict__.pop("_rest").tobytes()
    assert pieces.__dict__ == whole.__dict__
