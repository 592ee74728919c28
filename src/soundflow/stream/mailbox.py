"""A bounded box between two threads that can be closed. Tests: tests/stream/test_mailbox.py."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Mailbox(Generic[T]):
    """First in, first out, up to a total weight. One side puts, the other iterates until the box is closed.

    Args:
        capacity: total weight the box holds; a single heavier item is still taken into an empty box.
        weigh: the weight of an item; None counts items.
    """

    def __init__(self, capacity: float, weigh: Callable[[T], float] | None = None) -> None:
        self._capacity = capacity
        self._weigh = weigh or (lambda item: 1.0)
        self._items: deque[T] = deque()
        self._weight = 0.0
        self._is_closed = False
        self._may_wait = True
        self._changed = threading.Condition()

    @property
    def is_closed(self) -> bool:
        """True when nothing more can be put."""
        return self._is_closed

    def put(self, item: T) -> list[T] | None:
        """Put an item and return the oldest ones that had to go for it; None when the box is closed."""
        with self._changed:
            if self._is_closed:
                return None
            dropped = []
            while not self._has_room(item):
                dropped.append(self._take())
            self._add(item)
            return dropped

    def put_waiting(self, item: T) -> bool:
        """Put an item when there is room for it; False when the box is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or not self._may_wait or self._has_room(item))
            if self._is_closed:
                return False
            self._add(item)
            return True

    def stop_waiting(self) -> None:
        """From now on whoever puts does not wait: the reader may have left, and little more will come."""
        with self._changed:
            self._may_wait = False
            self._changed.notify_all()

    def close(self, discard: bool = False) -> None:
        """Nothing more will come; what is there is still given out, or thrown away."""
        with self._changed:
            self._is_closed = True
            if discard:
                self._items.clear()
                self._weight = 0.0
            self._changed.notify_all()

    def __iter__(self) -> Iterator[T]:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._is_closed or self._items)
                if not self._items:
                    return
                item = self._take()
                self._changed.notify_all()
            yield item

    def _has_room(self, item: T) -> bool:
        return not self._items or self._weight + self._weigh(item) <= self._capacity

    def _add(self, item: T) -> None:
        self._items.append(item)
        self._weight += self._weigh(item)
        self._changed.notify_all()

    def _take(self) -> T:
        item = self._items.popleft()
        self._weight -= self._weigh(item)
        return item
