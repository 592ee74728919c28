"""A bucket on a clock that is set by hand."""

from __future__ import annotations

from soundflow.serve.rate import TokenBucket


class Hand:
    """A clock whose time is written."""

    def __init__(self) -> None:
        self.time = 100.0

    def now(self) -> float:
        return self.time

    def wait_until(self, time: float) -> None:
        self.time = time


def test_a_burst_then_the_rate_and_a_clock_set_back_changes_nothing() -> None:
    clock = Hand()
    bucket = TokenBucket(2.0, 3, clock)
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]
    clock.time += 1.0
    assert [bucket.take() for _ in range(3)] == [True, True, False]
    clock.time -= 50
    assert not bucket.take()
    clock.time += 0.5
    assert bucket.take()
    clock.time += 1000
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]
