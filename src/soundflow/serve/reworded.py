"""A live stream whose replies are worded by somebody else. Tests: tests/serve/test_reworded.py."""

from __future__ import annotations

from collections.abc import Callable

from soundflow.serve.responder import Rewriter, Writers
from soundflow.serve.sessions import OpenStream, Samples, Stream
from soundflow.stream.events import Event


class Reworded:
    """A stream with a rewriter before it; fits `serve.sessions.Stream` itself."""

    def __init__(self, stream: Stream, rewriter: Rewriter) -> None:
        self._stream = stream
        self._rewriter = rewriter

    def take(self) -> list[Event]:
        """The events that are there by now, with the words that are there by now."""
        for event in self._stream.take():
            self._rewriter.put(event)
        return self._rewriter.take()

    def feed(self, samples: Samples) -> None:
        """Passed on."""
        self._stream.feed(samples)

    def cancel(self) -> None:
        """End the reply, wherever it is: with our model or with its writer."""
        self._stream.cancel()
        self._rewriter.cancel()

    def set_threshold(self, threshold: float) -> None:
        """Passed on."""
        self._stream.set_threshold(threshold)

    def set_instruction(self, instruction: str | None) -> None:
        """Passed on, and told to the next writer."""
        self._rewriter.instruction = instruction
        self._stream.set_instruction(instruction)

    def truncate(self, reply: int, characters: int) -> None:
        """Of our model's own words, which are what it remembers, the same share stays."""
        self._stream.truncate(reply, self._rewriter.own_characters(reply, characters))

    def end(self) -> None:
        """Passed on; the last event comes when the last reply is written."""
        self._stream.end()

    def close(self) -> None:
        """Stop the stream and its writers."""
        self._rewriter.cancel()
        self._stream.close()


def rewording(open_stream: OpenStream, writers: Writers) -> OpenStream:
    """Open streams whose replies these writers word."""

    def opened(instruction: str | None, threshold: float | None, wake: Callable[[], None]) -> Stream:
        stream = open_stream(instruction, threshold, wake)
        return Reworded(stream, Rewriter(writers, instruction, wake))

    return opened
