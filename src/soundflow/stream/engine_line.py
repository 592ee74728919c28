"""Sessions in line for one of an engine's workers, and those it has in hand. Tests: tests/stream/test_engine_line.py.

Knows nothing of what the worker does. All calls are made with the engine's lock held.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from threading import Condition

from soundflow.stream.engine_session import EngineSession


class Line:
    """First come, first served, so many at once.

    Args:
        lock: the engine's; whoever waits here gives it up meanwhile.
        most: sessions of one batch.
    """

    def __init__(self, lock: Condition, most: int) -> None:
        self._most = most
        self._waiting: deque[EngineSession] = deque()
        self._in_hand: Sequence[EngineSession] = ()  # of the pass that the worker is at
        self._come = Condition(lock._lock)  # type: ignore[attr-defined]  # one lock for all

    def __len__(self) -> int:
        return len(self._waiting)

    def join(self, session: EngineSession) -> None:
        """Stand at the end."""
        self._waiting.append(session)
        self._come.notify()

    def look_again(self) -> None:
        """There may be no more work."""
        self._come.notify_all()

    def next_batch(
        self, is_done: Callable[[], bool], expected: Callable[[], int] = lambda: 0, patience_seconds: float = 0.0
    ) -> list[EngineSession]:
        """Those at the head, oldest first; empty when there will be no more.

        Waits for the first, and then so long at most for as many as may be expected to come meanwhile.
        """
        self._in_hand = ()
        self._come.wait_for(lambda: self._waiting or is_done())
        enough = min(expected(), self._most)
        if len(self._waiting) < enough:
            self._come.wait_for(lambda: len(self._waiting) >= enough or is_done(), patience_seconds)
        batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), self._most))]
        self._in_hand = batch
        return batch

    def give_up(self, marked: Iterable[EngineSession]) -> list[EngineSession]:
        """The sessions that a worker which died had in its hands.

        Args:
            marked: those that believe they are in its pass or in line for it.
        """
        lost = {*marked, *self._in_hand}
        self._in_hand = ()
        return [session for session in lost if not session.is_over and session not in self._waiting]
