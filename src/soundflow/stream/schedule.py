"""Who works when: the FIFO rule driven without threads, either as fast as possible or on a simulated clock.

A schedule knows nothing of networks: `perform` does an action and says which token came out, `tell` hears when.
Tests: tests/stream/test_schedule.py.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Literal, Protocol, TypeVar

from soundflow.stream.clock import Clock, CostTable, SimulatedClock
from soundflow.stream.fifo import Action, ChunkReady, FifoRule, Flush, Idle, TextStep, Token, TokenKind

C = TypeVar("C")
C_contra = TypeVar("C_contra", contravariant=True)
R = TypeVar("R", bound="Result")
Policy = Literal["fifo", "pop_one", "synchronous"]


class Result(Protocol):
    """What performing an action gives; the schedule reads only the token's kind."""

    @property
    def kind(self) -> TokenKind:
        """The kind of token that came out."""
        ...


Perform = Callable[[Flush[C] | TextStep], R]
Tell = Callable[[R, float], None]


class Schedule(Protocol[C_contra]):
    """Takes chunks as they arrive and lets the decoder work in between."""

    def arrive(self, chunk: C_contra, at: float) -> None:
        """A chunk's last sample came in at `at` (seconds of the clock)."""
        ...

    def finish(self) -> None:
        """No more sound: work until there is nothing to do."""
        ...


class Immediate(Generic[C, R]):
    """Does each action as soon as the rule gives it: files, at the speed of the machine."""

    def __init__(self, rule: FifoRule[C], clock: Clock, perform: Perform[C, R], tell: Tell[R]) -> None:
        self._rule = rule
        self._clock = clock
        self._perform = perform
        self._tell = tell

    def arrive(self, chunk: C, at: float) -> None:
        """Decide on the chunk at once, and speak the whole reply if there is one."""
        action: Action[C] = self._rule.advance(ChunkReady(chunk))
        while not isinstance(action, Idle):
            result = self._perform(action)
            self._tell(result, self._clock.now())
            action = self._rule.advance(Token(result.kind))

    def finish(self) -> None:
        """Nothing waits between calls."""


@dataclass(frozen=True)
class _Step(Generic[R]):
    """An action whose token is known and comes out at `done_at`."""

    result: R
    done_at: float


class Simulated(Generic[C, R]):
    """Plays arrivals in real time while every piece of work takes what the cost table says.

    Args:
        policy: `fifo` and `pop_one` have an encoder of their own; `synchronous` has one worker for everything, which
            encodes a chunk only when no reply is being spoken (the ablation).
        heard: called with each chunk and the moment its features are ready.

    Source: ruling 8; the policies are those of benchmarks/README §9 of the evaluation reference.
    """

    def __init__(
        self,
        rule: FifoRule[C],
        clock: SimulatedClock,
        perform: Perform[C, R],
        tell: Tell[R],
        policy: Policy = "fifo",
        heard: Callable[[C, float], None] = lambda chunk, ready_at: None,
    ) -> None:
        self._rule = rule
        self._clock = clock
        self._costs: CostTable = clock.costs
        self._perform = perform
        self._tell = tell
        self._heard = heard
        self._is_synchronous = policy == "synchronous"
        self._unheard: deque[tuple[C, float]] = deque()  # synchronous only: chunks nobody has encoded yet
        self._encoder_free_at = self._decoder_free_at = clock.now()
        self._step: _Step[R] | None = None
        self.busy_seconds = 0.0

    def arrive(self, chunk: C, at: float) -> None:
        """Bring everything up to `at`, then take the chunk in."""
        if self._is_synchronous:
            self._deliver_until(at)
            if len(self._unheard) >= self._rule.capacity:
                self._unheard.popleft()
                self._rule.dropped += 1
            self._unheard.append((chunk, at))
            self._encode_next()
            return
        ready_at = self._encode(chunk, max(at, self._encoder_free_at))
        self._encoder_free_at = ready_at
        self._deliver_until(ready_at)
        self._start(self._rule.advance(ChunkReady(chunk)), ready_at)

    def finish(self) -> None:
        """Let the decoder work off what is left."""
        self._deliver_until(float("inf"))

    def _encode(self, chunk: C, started_at: float) -> float:
        ready_at = started_at + self._costs.encode_ms / 1e3
        self.busy_seconds += self._costs.encode_ms / 1e3
        self._heard(chunk, ready_at)
        return ready_at

    def _encode_next(self) -> None:
        if self._step is None and self._unheard:
            chunk, arrived_at = self._unheard.popleft()
            ready_at = self._encode(chunk, max(arrived_at, self._decoder_free_at))
            self._start(self._rule.advance(ChunkReady(chunk)), ready_at)

    def _deliver_until(self, moment: float) -> None:
        while self._step is not None and self._step.done_at <= moment:
            step, self._step = self._step, None
            self._clock.wait_until(step.done_at)
            self._decoder_free_at = step.done_at
            self._tell(step.result, step.done_at)
            self._start(self._rule.advance(Token(step.result.kind)), step.done_at)
            if self._is_synchronous:
                self._encode_next()

    def _start(self, action: Action[C], at: float) -> None:
        if isinstance(action, Idle):
            return
        cost_ms = self._costs.text_token_ms
        if isinstance(action, Flush):
            cost_ms = self._costs.decision(len(action.chunks))
        self.busy_seconds += cost_ms / 1e3
        self._step = _Step(self._perform(action), at + cost_ms / 1e3)
