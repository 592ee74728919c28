"""What a client was told last, for when it comes back without it. Tests: tests/serve/test_journal.py."""

from __future__ import annotations

from collections import deque


class Journal:
    """The newest events of a session by their `server_event_seq`, up to so many characters.

    Args:
        capacity: characters it holds; the oldest events go first.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._size = 0
        self._events: deque[tuple[int, str]] = deque()
        self._gone = 0  # the newest number that is no longer here

    def add(self, number: int, text: str) -> None:
        """An event that is sent, as it stands on the wire."""
        self._events.append((number, text))
        self._size += len(text)
        while self._size > self._capacity:
            self._drop_oldest()

    def acknowledge(self, number: int) -> None:
        """The client has everything up to this number."""
        while self._events and self._events[0][0] <= number:
            self._drop_oldest()

    def since(self, number: int) -> list[str] | None:
        """The events behind this number, oldest first; None when some of them are gone."""
        if number < self._gone:
            return None
        return [text for seq, text in self._events if seq > number]

    def _drop_oldest(self) -> None:
        number, text = self._events.popleft()
        self._size -= len(text)
        self._gone = number
