"""Gates on level and voice: what they wake up at, and that they never look ahead."""

from __future__ import annotations

import numpy as np
import pytest

from soundflow.bench.baselines.gates import energy_gate, loudness, voice_gate, voicing
from soundflow.bench.baselines.rising import CHUNK_SAMPLES

RATE = 16_000


def noise(seconds: float, level: float = 0.001) -> np.ndarray:
    return (level * np.random.default_rng(0).standard_normal(round(seconds * RATE))).astype(np.float32)


def vowel(seconds: float) -> np.ndarray:
    """Harmonics of 150 Hz that fall off above 1 kHz."""
    t = np.arange(round(seconds * RATE)) / RATE
    parts = [np.sin(2 * np.pi * 150 * k * t) / k for k in range(2, 20)]
    return np.asarray(0.05 * np.sum(parts, axis=0), np.float32)


def test_it_speaks_when_it_gets_loud() -> None:
    sound = np.concatenate([noise(4), noise(2, 0.3), noise(4)])
    (reply,) = energy_gate(sound)
    assert reply.at == pytest.approx(4.4) and reply.text == ""
    assert energy_gate(noise(8)) == []


def test_it_speaks_at_a_voice_and_not_at_noise() -> None:
    sound = np.concatenate([noise(4), vowel(2), noise(2)])
    assert [reply.at for reply in voice_gate(sound)] == [pytest.approx(4.4)]
    assert voice_gate(np.concatenate([noise(4), noise(2, 0.3)])) == []


@pytest.mark.parametrize("score", [loudness, voicing])
def test_a_score_does_not_depend_on_what_follows(score) -> None:  # type: ignore[no-untyped-def]
    sound = np.concatenate([noise(3), vowel(2), noise(3, 0.1)])
    whole = score(sound)
    assert score(sound[: 10 * CHUNK_SAMPLES]) == whole[:10]
    assert len(whole) == 20 and score(sound[:0]) == []


def test_digital_silence_is_no_event() -> None:
    assert energy_gate(np.zeros(RATE, np.float32)) == [] and voice_gate(np.zeros(RATE, np.float32)) == []
