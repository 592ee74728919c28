"""What a client was told last, for when it comes back without it. Tests: tests/serve/test_journal.py."""

from __future__ import annotations

import heapq
from collections import deque


class Journal:
    """The newest events of a session by their `server_event_seq`, up to so many characters.

    Args:
        capacity: characters it holds; the oldest sound goes first, then the oldest of the other events.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._size = 0
        self._events: deque[tuple[int, str]] = deque()
        self._sound: deque[tuple[int, str]] = deque()  # a voice is faster than its sound lasts: much comes at once
        self._gone = 0  # the newest number that is no longer here, of those that must not be missed

    def add(self, number: int, text: str, is_sound: bool = False) -> None:
        """An event that is sent, as it stands on the wire; `is_sound`: whoever comes back can do without it."""
        (self._sound if is_sound else self._events).append((number, text))
        self._size += len(text)
        while self._size > self._capacity:
            if self._sound:
                self._size -= len(self._sound.popleft()[1])
            else:
                self._drop_oldest()

    def acknowledge(self, number: int) -> None:
        """The client has everything up to this number."""
        while self._sound and self._sound[0][0] <= number:
            self._size -= len(self._sound.popleft()[1])
        while self._events and self._events[0][0] <= number:
            self._drop_oldest()

    def since(self, number: int) -> list[str] | None:
        """The events behind this number, oldest first; None when some are gone that are no sound."""
        if number < self._gone:
            return None
        return [text for seq, text in heapq.merge(self._events, self._sound) if seq > number]

    def _drop_oldest(self) -> None:
        number, text = self._events.popleft()
        self._size -= len(text)
        self._gone = number
