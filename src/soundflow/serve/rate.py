"""How many messages may come in a while: a bucket that fills steadily. Tests: tests/serve/test_rate.py."""

from __future__ import annotations

from soundflow.stream.clock import Clock


class TokenBucket:
    """Holds at most `burst` tokens and gains `per_second`; each message takes one."""

    def __init__(self, per_second: float, burst: int, clock: Clock) -> None:
        self._per_second = per_second
        self._burst = burst
        self._clock = clock
        self._tokens = float(burst)
        self._seen_at = clock.now()

    def take(self) -> bool:
        """Whether another message is within the rate."""
        now = self._clock.now()
        # a clock that was set back must not take tokens away
        self._tokens = min(self._burst, self._tokens + max(0.0, now - self._seen_at) * self._per_second)
        self._seen_at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
