"""A stream that somebody listens in on: each event is shown to them first. Tests: tests/serve/test_tapped.py."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable

from soundflow.serve.sessions import OpenStream, Samples, Stream
from soundflow.stream.events import Event

_log = logging.getLogger(__name__)


class Tapped:
    """Passes every call on to a stream; fits `serve.sessions.Stream` itself.

    Args:
        stream: the one that is listened in on.
        hear: gets each event, before the client; must not wait.
    """

    def __init__(self, stream: Stream, hear: Callable[[Event], None]) -> None:
        self._stream = stream
        self._hear = hear

    def take(self) -> list[Event]:
        """The events that are there by now."""
        events = self._stream.take()
        for event in events:
            try:
                self._hear(event)
            except Exception:  # whoever listens in must not harm the session
                _log.exception("a listener broke")
        return events

    def feed(self, samples: Samples) -> None:
        """Passed on."""
        self._stream.feed(samples)

    def cancel(self) -> None:
        """Passed on."""
        self._stream.cancel()

    def set_threshold(self, threshold: float) -> None:
        """Passed on."""
        self._stream.set_threshold(threshold)

    def set_instruction(self, instruction: str | None) -> None:
        """Passed on."""
        self._stream.set_instruction(instruction)

    def truncate(self, reply: int, characters: int) -> None:
        """Passed on."""
        self._stream.truncate(reply, characters)

    def end(self) -> None:
        """Passed on."""
        self._stream.end()

    def close(self) -> None:
        """Passed on."""
        self._stream.close()


def tapping(open_stream: OpenStream, listener: Callable[[str], Callable[[Event], None]]) -> OpenStream:
    """Open streams that are listened in on.

    Args:
        open_stream: how they are opened otherwise.
        listener: what hears the stream that is called so; the streams of a run are `session 1`, `session 2`, …
    """
    numbers = itertools.count(1)

    def opened(instruction: str | None, threshold: float | None, wake: Callable[[], None]) -> Stream:
        return Tapped(open_stream(instruction, threshold, wake), listener(f"session {next(numbers)}"))

    return opened
