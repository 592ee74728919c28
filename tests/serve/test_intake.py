"""What came, what is decided, what waits: sound between the socket and the stream."""

from __future__ import annotations

import base64

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundflow.errors import InputError
from soundflow.serve.intake import Intake
from soundflow.serve.wire_audio import AudioFormat
from tests.serve.test_pace import Hand

CHUNK = 6400  # samples of 0.4 s at 16 kHz
PCM_16K = AudioFormat("audio/pcm", 16_000)


def block(samples: int) -> str:
    return base64.b64encode(bytes(2 * samples)).decode()


def live(intake: Intake, clock: Hand, seconds: float) -> int:
    """Send sound as a microphone does; samples that were let through."""
    clock.time += seconds
    intake.hear(block(round(seconds * 16_000)))
    return sum(map(len, intake.due(is_writing=False)))


def test_what_is_sent_and_not_decided_is_ahead() -> None:
    clock = Hand()
    intake = Intake(0.4, PCM_16K, clock)
    assert [live(intake, clock, 0.5) for _ in range(2)] == [8000, 8000] and intake.sent_seconds == 1.0
    intake.decided_seconds = 0.8
    assert intake.ahead_seconds == pytest.approx(0.2) and not intake.is_behind


def test_a_commit_needs_sound() -> None:
    intake = Intake(0.4, PCM_16K, Hand())
    seen = [intake.waits_for_commit]
    intake.hear(block(100))
    seen.append(intake.waits_for_commit)
    intake.commit()
    assert [*seen, intake.waits_for_commit] == [False, True, False]


@pytest.mark.parametrize(("sent", "padded"), [(0, CHUNK), (100, CHUNK), (CHUNK + 1, 2 * CHUNK)])
def test_silence_fills_the_chunk_that_is_begun(sent: int, padded: int) -> None:
    clock = Hand()
    intake = Intake(0.4, PCM_16K, clock)
    intake.hear(block(sent))
    intake.pad()
    assert round(intake.sent_seconds * 16_000) == padded
    assert round(intake.received_seconds * 16_000) == sent


def test_an_upload_waits_and_what_waits_can_be_dropped() -> None:
    intake = Intake(0.4, PCM_16K, Hand())
    intake.hear(block(10 * CHUNK))
    assert sum(map(len, intake.due(is_writing=False))) == round(1.5 * CHUNK) and intake.is_behind
    assert intake.due(is_writing=True) == [], "nothing is let through while it speaks"
    intake.drop()
    assert not intake.is_behind


def test_half_a_sample_is_forgotten_when_the_sound_begins_again() -> None:
    intake = Intake(0.4, PCM_16K, Hand())
    intake.hear(base64.b64encode(b"\x01").decode())
    intake.restart(PCM_16K)
    assert intake.hear(block(2)).tolist() == [0.0, 0.0]


def test_what_is_no_sound_counts_for_nothing() -> None:
    intake = Intake(0.4, PCM_16K, Hand())
    with pytest.raises(InputError):
        intake.hear("é")
    assert intake.sent_seconds == 0.0 and not intake.waits_for_commit


@given(st.lists(st.integers(0, 3000), max_size=20))
def test_every_sample_passes_once_and_in_order(blocks: list[int]) -> None:
    clock = Hand()
    intake = Intake(0.4, PCM_16K, clock)
    values = np.arange(sum(blocks), dtype=np.int16)
    passed: list[np.ndarray] = []
    for start, samples in zip(np.cumsum([0, *blocks]), blocks, strict=False):
        clock.time += 1.0
        intake.hear(base64.b64encode(values[start : start + samples].tobytes()).decode())
        passed += intake.due(is_writing=False)
    assert np.array_equal(np.concatenate([np.zeros(0, np.float32), *passed]) * 32768, values)
