"""A clock that a test moves by hand. Tests: tests/testing/test_clock.py."""

from __future__ import annotations

import threading

from soundflow.stream.clock import CostTable, SimulatedClock

__all__ = ["CostTable", "FakeClock", "SimulatedClock"]


class FakeClock:
    """Stands still until told; each reading may cost a fixed step, so that work seems to take time.

    Safe to share between threads.
    """

    def __init__(self, start: float = 0.0, step: float = 0.0) -> None:
        self._now = start
        self._step = step
        self._lock = threading.Lock()

    def now(self) -> float:
        """Seconds; then the clock moves on by its step."""
        with self._lock:
            now = self._now
            self._now += self._step
            return now

    def advance(self, seconds: float) -> None:
        """Move on."""
        with self._lock:
            self._now += seconds

    def wait_until(self, moment: float) -> None:
        """Move to `moment` at once: nobody waits in a test."""
        with self._lock:
            self._now = max(self._now, moment)
