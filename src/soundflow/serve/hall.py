"""Who is in: admits sessions up to the limits, knows them while they last, and lets them out when the server stops.

Tests: tests/serve/test_hall.py.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
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
        self._comers = 0
        self._goodbyes: list[Callable[[], None]] = []

    @property
    def sessions(self) -> int:
        """Sessions that are open now."""
        return self._holders.total()

    def refusal(self, holder: str) -> Denial | None:
        """Why no further session of this holder is let in; None when it is."""
        if (closing := self.closing_denial()) is not None:
            return closing
        if self.sessions >= self.limits.sessions:
            return Denial(503, "serve.full", f"all {self.limits.sessions} sessions are taken; try again later")
        if self._holders[holder] >= self.limits.sessions_per_key:
            return Denial(429, "serve.key_full", f"this key holds {self.limits.sessions_per_key} sessions already")
        return None

    def closing_denial(self) -> Denial | None:
        """Why nobody is let in any more; None while the server runs."""
        return Denial(503, "serve.closing", "the server is stopping") if self.is_closing else None

    @contextmanager
    def door(self) -> Iterator[bool]:
        """Stand in the door while coming back to a session; False when as many as there are seats stand there."""
        self._comers += 1
        try:
            yield self._comers <= self.limits.sessions
        finally:
            self._comers -= 1

    def when_closing(self, goodbye: Callable[[], None]) -> None:
        """Call this when the server begins to stop."""
        self._goodbyes.append(goodbye)

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
        for goodbye in self._goodbyes:
            goodbye()
        try:
            await asyncio.wait_for(self.empty.wait(), self.limits.drain_seconds)
        except TimeoutError:
            return
