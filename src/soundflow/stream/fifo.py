"""The FIFO rule as a pure state machine: no thread, no clock, no network in it.

The encoder appends and never waits. The decoder takes the whole queue, and only when its last token was <silent>
or <eos>; while it speaks the queue stays as it is. Whoever drives the machine tells it what happened and does what
it answers. Tests: tests/stream/test_fifo.py.
"""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, Literal, TypeAlias, TypeVar

from soundflow.errors import OutsideError, UsageError

C = TypeVar("C")
Overflow = Literal["drop_oldest", "error"]
Drain = Literal["all", "one"]


class TokenKind(enum.Enum):
    """What the decoder's newest token was, as far as the rule cares."""

    SILENT = "silent"
    RESPONSE = "response"
    TEXT = "text"
    EOS = "eos"

    @property
    def is_interruption_point(self) -> bool:
        """True when the decoder may listen again."""
        return self in (TokenKind.SILENT, TokenKind.EOS)


@dataclass(frozen=True)
class ChunkReady(Generic[C]):
    """The encoder finished a chunk."""

    chunk: C


@dataclass(frozen=True)
class Token:
    """The decoder finished the step it was given."""

    kind: TokenKind


@dataclass(frozen=True)
class Flush(Generic[C]):
    """Extend the context by these chunks, oldest first, and emit one control token."""

    chunks: tuple[C, ...]


@dataclass(frozen=True)
class TextStep:
    """Emit one more token of the reply; no sound is taken in."""


@dataclass(frozen=True)
class Idle:
    """Nothing new to do: the decoder is at work already, or it waits for sound."""


Signal: TypeAlias = ChunkReady[C] | Token
Action: TypeAlias = Flush[C] | TextStep | Idle
IDLE = Idle()
TEXT_STEP = TextStep()


class FifoRule(Generic[C]):
    """Algorithm "FIFO-Scheduled Asynchronous Streaming Inference" with a bounded queue.

    Args:
        capacity: chunks the queue holds at most.
        overflow: when the queue is full, `drop_oldest` forgets the oldest waiting chunk (counted in `dropped`),
            `error` raises. The encoder is never made to wait.
        drain: `all` is the paper's rule; `one` pops a single chunk and serves only as the baseline it is measured
            against.

    Source: paper, appendix "Asynchronous FIFO Inference", Algorithm fifo; the bound is ruling 17.
    """

    def __init__(self, capacity: int = 64, overflow: Overflow = "drop_oldest", drain: Drain = "all") -> None:
        if capacity < 1:
            raise UsageError("stream.queue_size", f"a queue of {capacity} chunks", "use 1 or more")
        self.capacity = capacity
        self.overflow: Overflow = overflow
        self.dropped = 0
        self._drain = drain
        self._queue: deque[C] = deque()
        self._last = TokenKind.SILENT
        self._is_working = False

    @property
    def last(self) -> TokenKind:
        """The last token's kind; <silent> before the first."""
        return self._last

    @property
    def is_working(self) -> bool:
        """True while the decoder owes a token for the action it was given."""
        return self._is_working

    @property
    def queued(self) -> tuple[C, ...]:
        """The chunks that wait, oldest first."""
        return tuple(self._queue)

    def restore(self, queue: Iterable[C], last: TokenKind, dropped: int) -> None:
        """Stand where another machine stood: these chunks wait, this was the last token; `resume` goes on."""
        self._queue = deque(queue)
        self._last = last
        self.dropped = dropped
        self._is_working = False

    def resume(self) -> Action[C]:
        """What the decoder shall do now, with nothing new to report; only when it owes no token."""
        assert not self._is_working, "the decoder is at work already"
        return self._next()

    def advance(self, signal: Signal[C]) -> Action[C]:
        """Take in what happened and answer what the decoder shall do now.

        Raises:
            OutsideError: `stream.queue_full` under the policy `error`; the chunk is not taken.
            AssertionError: a token arrives that no action asked for.
        """
        if isinstance(signal, ChunkReady):
            self._append(signal.chunk)
            return IDLE if self._is_working else self._next()
        assert self._is_working, "a token without an action"
        self._is_working = False
        self._last = signal.kind
        return self._next()

    def _next(self) -> Action[C]:
        if not self._last.is_interruption_point:
            self._is_working = True
            return TEXT_STEP
        if not self._queue:
            return IDLE
        self._is_working = True
        if self._drain == "one":
            return Flush((self._queue.popleft(),))
        chunks = tuple(self._queue)
        self._queue.clear()
        return Flush(chunks)

    def _append(self, chunk: C) -> None:
        if len(self._queue) >= self.capacity:
            if self.overflow == "error":
                raise OutsideError(
                    "stream.queue_full",
                    f"{len(self._queue)} chunks wait for the decoder, the limit is {self.capacity}",
                    "the model is slower than the sound: use a smaller model or a faster machine",
                )
            self._queue.popleft()
            self.dropped += 1
        self._queue.append(chunk)
