"""Live sound passes at once; an upload is let through chunk by chunk; nothing is lost or reordered."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from soundflow.serve.pace import Pace

CHUNK, RATE = 6400, 16_000


class Hand:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time

    def wait_until(self, moment: float) -> None:
        self.time = max(self.time, moment)


def sound(samples: int) -> np.ndarray:
    return np.zeros(samples, np.float32)


def passed(pace: Pace, is_idle: bool = False) -> int:
    return sum(map(len, pace.take(is_idle)))


def test_a_microphone_is_heard_at_once_even_while_the_stream_speaks() -> None:
    clock = Hand()
    pace = Pace(CHUNK, RATE, clock)
    for _ in range(600):  # a minute in blocks of 100 ms, from a card that runs 1 % fast
        clock.time += 0.1
        pace.put(sound(1616))
        assert passed(pace) == 1616
    assert not pace.waiting


def test_blocks_that_come_late_together_pass_like_live_ones() -> None:
    clock = Hand()
    pace = Pace(CHUNK, RATE, clock)
    pace.put(sound(1600))
    passed(pace)
    clock.time += 0.5  # the network stalled
    pace.put(sound(8000))
    assert passed(pace) == 8000


def test_an_upload_goes_chunk_by_chunk_and_waits_for_replies() -> None:
    pace = Pace(CHUNK, RATE, Hand())
    pace.put(sound(20 * CHUNK))
    assert passed(pace) == 9600  # as far ahead as a live source may be
    assert passed(pace) == 0
    assert passed(pace, is_idle=True) == 3200
    assert passed(pace, is_idle=True) == CHUNK
    assert pace.waiting == 17 * CHUNK


@given(
    st.lists(
        st.tuples(st.integers(0, 9000), st.floats(0, 2), st.booleans()),
        max_size=30,
    )
)
def test_every_sample_comes_out_once_and_in_order(steps: list[tuple[int, float, bool]]) -> None:
    clock = Hand()
    pace = Pace(CHUNK, RATE, clock)
    put, out, at = [], [], 0
    for samples, seconds, is_idle in steps:
        block = np.arange(at, at + samples, dtype=np.float32)
        at += samples
        put.append(block)
        pace.put(block)
        clock.time += seconds
        out += pace.take(is_idle)
    while pace.waiting:
        out += pace.take(True)
    assert np.array_equal(np.concatenate([sound(0), *out]), np.concatenate([sound(0), *put]))
