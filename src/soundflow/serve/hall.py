"""Who is in: admits sessions up to the limits, knows them while they last, and lets them out when the server stops.

Tests: tests/serve/test_hall.py.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from soundflow.serve.admission import Denial
from soundflow.serve.limits import ServeLimits


class Hall:
    """Counts sessions, in all and for each holder of a key. Used from the event loop only."""

    def __init__(self, limits: ServeLimits) -> None:
        self.limits = limits
        self.is_closing = False
        self.closing = asyncio.Event()
        self.empty = asyncio.Event()
        self.empty.set()
        self._holders: Counter[str] = Counter()

    @property
    def sessions(self) -> int:
        """Sessions that are open now."""
        return self._holders.total()

    def refusal(self, holder: str) -> Denial | None:
        """Why no further session of this holder is let in; None when it is."""
        if self.is_closing:
            return Denial(503, "serve.closing", "the server is stopping")
        if self.sessions >= self.limits.sessions:
            return Denial(503, "serve.full", f"all {self.limits.sessions} sessions are taken; try again later")
        if self._holders[holder] >= self.limits.sessions_per_key:
            return Denial(429, "serve.key_full", f"this key holds {self.limits.sessions_per_key} sessions already")
        return None

    @contextmanager
    def seat(self, holder: str) -> Iterator[None]:
        """Hold a place while a session lasts."""
        self._holders[holder] += 1
        self.empty.clear()
        try:
            yield
        finally:
            self._holders[holder] -= 1
            self._holders += Counter()  # holders without a session are forgotten
            if not self.sessions:
                self.empty.set()

    async def close(self) -> None:
        """Let nobody in, ask every session to finish, and wait for the last one within the limit."""
        self.is_closing = True
        self.closing.set()
        try:
            await asyncio.wait_for(self.empty.wait(), self.limits.drain_seconds)
        except TimeoutError:
            return
