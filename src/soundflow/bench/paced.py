"""A stream in real time without waiting for it: sound arrives when it would, every step takes what it is said to take.

On the simulated clock a step takes what a cost table says; on the wall clock what it took this machine just then. The
schedule is the same, so that the time to a reply's first word splits exactly into waiting and computing. Tests:
tests/bench/test_paced.py.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from soundflow.model.bundle import Bundle
from soundflow.stream.clock import CostTable
from soundflow.stream.decoding import Decided, Decoding, Outcome
from soundflow.stream.fifo import Action, ChunkReady, FifoRule, Flush, Idle, TextStep, Token
from soundflow.stream.perception import EncodedChunk, Perception

Samples = NDArray[np.float32]
Step = Literal["encode"] | Flush[EncodedChunk] | TextStep
T = TypeVar("T")
Schedule = Literal["fifo", "synchronous"]


class TableWork:
    """Steps take what a cost table says."""

    def __init__(self, costs: CostTable) -> None:
        self.costs = costs

    def do(self, step: Step, perform: Callable[[], T]) -> tuple[T, float]:
        """The step's result and the seconds it counts for."""
        if step == "encode":
            milliseconds = self.costs.encode_ms
        elif isinstance(step, Flush):
            milliseconds = self.costs.decision(len(step.chunks))
        else:
            milliseconds = self.costs.text_token_ms
        return perform(), milliseconds / 1e3


class MeasuredWork:
    """Steps take what they take here and now."""

    def __init__(self, now: Callable[[], float] = time.perf_counter) -> None:
        self._now = now

    def do(self, step: Step, perform: Callable[[], T]) -> tuple[T, float]:
        """The step's result and the seconds it took."""
        started = self._now()
        result = perform()
        return result, self._now() - started


Work = TableWork | MeasuredWork


@dataclass(frozen=True)
class FirstWord:
    """One reply: up to which moment of stream it had heard, its text, and the seconds from there to its first word.

    `queue` is spent waiting for the encoder or the decoder, `compute` on its own chunk, decision and first text.
    """

    heard_until: float
    text: str
    queue: float
    compute: float


@dataclass(frozen=True)
class Paced:
    """What one stream gave: its replies, how many chunks it had, and how many were heard more than a chunk late."""

    replies: tuple[FirstWord, ...]
    chunks: int
    stalled: int


def play(
    bundle: Bundle,
    samples: Samples,
    work: Work,
    schedule: Schedule = "fifo",
    instruction: str | None = None,
    threshold: float | None = None,
) -> Paced:
    """Play samples [n] to a model.

    Args:
        schedule: `fifo` has an encoder of its own; `synchronous` encodes a chunk only while no reply is spoken.
    """
    player = _Player(bundle, work, schedule, instruction, threshold)
    size = bundle.config.chunk_samples
    whole = np.pad(samples, (0, -len(samples) % size))
    for start in range(0, len(whole), size):
        player.arrive(whole[start : start + size])
    player.deliver(float("inf"))
    return Paced(tuple(player.replies), len(whole) // size, player.stalled)


@dataclass
class _Running:
    outcome: Outcome
    done_at: float
    seconds: float


@dataclass
class _Timing:
    """Of the newest decision: waiting and computing so far."""

    queue: float
    compute: float
    heard_until: float
    text: str = ""
    is_heard: bool = False  # its first text is out


class _Player:
    """One stream's state; the rule says what comes next."""

    def __init__(
        self, bundle: Bundle, work: Work, schedule: Schedule, instruction: str | None, threshold: float | None
    ) -> None:
        config = bundle.config
        self._chunk_seconds = config.chunk_seconds
        self._work, self._is_synchronous = work, schedule == "synchronous"
        self._perception = Perception(bundle)
        used = config.response_threshold if threshold is None else threshold
        self._decoding = Decoding(bundle, instruction, used, config.max_reply_tokens)
        self._rule: FifoRule[EncodedChunk] = FifoRule(max(1, config.max_chunks // 2), "drop_oldest")
        self._unheard: deque[tuple[Samples, float]] = deque()
        self._encode_seconds: dict[int, float] = {}
        self._arrived = 0
        self._encoder_free = self._decoder_free = 0.0
        self._running: _Running | None = None
        self._timing: _Timing | None = None
        self.replies: list[FirstWord] = []
        self.stalled = 0

    def arrive(self, sound: Samples) -> None:
        """A chunk's last sample comes in."""
        self._arrived += 1
        at = self._arrived * self._chunk_seconds
        if self._is_synchronous:
            self.deliver(at)
            self._unheard.append((sound, at))
            self._encode_waiting()
            return
        chunk, ready = self._encode(sound, at, max(at, self._encoder_free))
        self._encoder_free = ready
        self.deliver(ready)
        self._begin(self._rule.advance(ChunkReady(chunk)), ready)

    def deliver(self, moment: float) -> None:
        """Finish every step that is done by then, and begin what follows each."""
        while self._running is not None and self._running.done_at <= moment:
            step, self._running = self._running, None
            self._decoder_free = step.done_at
            self._told(step)
            self._begin(self._rule.advance(Token(step.outcome.kind)), step.done_at)
            if self._is_synchronous:
                self._encode_waiting()

    def _encode_waiting(self) -> None:
        if self._running is None and self._unheard:
            sound, at = self._unheard.popleft()
            chunk, ready = self._encode(sound, at, max(at, self._decoder_free))
            self._begin(self._rule.advance(ChunkReady(chunk)), ready)

    def _encode(self, sound: Samples, arrived: float, started: float) -> tuple[EncodedChunk, float]:
        (chunk,), seconds = self._work.do("encode", lambda: self._perception.hear(sound, arrived))
        self._encode_seconds[chunk.index] = seconds
        ready = started + seconds
        self.stalled += ready - arrived > self._chunk_seconds
        return chunk, ready

    def _begin(self, action: Action[EncodedChunk], at: float) -> None:
        if isinstance(action, Idle):
            return
        outcome, seconds = self._work.do(action, lambda: self._decoding.run(action))
        self._running = _Running(outcome, at + seconds, seconds)
        if isinstance(action, Flush):
            newest = action.chunks[-1]
            encoding = self._encode_seconds[newest.index]
            self._encode_seconds = {k: v for k, v in self._encode_seconds.items() if k > newest.index}
            until = (newest.index + 1) * self._chunk_seconds
            # where nobody waited, sums of floats may fall a little below 0
            waited = max(0.0, round(at - newest.arrived_at - encoding, 9))
            self._timing = _Timing(waited, encoding + seconds, until)

    def _told(self, step: _Running) -> None:
        timing, outcome = self._timing, step.outcome
        assert timing is not None, "a token before any decision"
        if isinstance(outcome, Decided):
            return
        if not timing.is_heard:
            timing.compute += step.seconds
            timing.is_heard = bool(outcome.delta)
        if outcome.reason is not None and timing.is_heard:
            self.replies.append(FirstWord(timing.heard_until, outcome.text, timing.queue, timing.compute))
