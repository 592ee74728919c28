"""Ctrl-C that lets a stream end properly: the first one asks, the second one stops at once.

Tests: tests/cli/test_interrupt.py.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from types import FrameType, TracebackType
from typing import TypeVar

T = TypeVar("T")


class Interrupt:
    """While entered, Ctrl-C ends the waiting for new input, and never cuts through work in progress."""

    def __init__(self) -> None:
        self.is_set = False
        self._is_waiting = False
        self._is_installed = False

    def __enter__(self) -> Interrupt:
        if threading.current_thread() is threading.main_thread():
            self._previous = signal.signal(signal.SIGINT, self._on_signal)
            self._is_installed = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._is_installed:
            signal.signal(signal.SIGINT, self._previous)

    def until_set(self, values: Iterator[T]) -> Iterator[T]:
        """The values until there are no more, or until Ctrl-C."""
        while True:
            try:
                self._is_waiting = True  # before the look at is_set: a signal in between must not be lost
                if self.is_set:
                    return
                value = next(values)
            except StopIteration:
                return
            except KeyboardInterrupt:
                self.is_set = True
                return
            finally:
                self._is_waiting = False
            yield value

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self.is_set or self._is_waiting:
            raise KeyboardInterrupt
        self.is_set = True
