"""The clock a test moves by hand."""

from __future__ import annotations

from soundflow.testing.clock import FakeClock


def test_it_stands_still_until_told() -> None:
    clock = FakeClock(2.0)
    assert (clock.now(), clock.now()) == (2.0, 2.0)
    clock.advance(1.0)
    clock.wait_until(2.5)
    assert clock.now() == 3.0
    clock.wait_until(4.0)
    assert clock.now() == 4.0


def test_readings_may_cost_time() -> None:
    clock = FakeClock(step=0.5)
    assert [clock.now() for _ in range(3)] == [0.0, 0.5, 1.0]
