"""A session: one stream heard by one model. Feed it sound, get events.

Tests: tests/stream/test_session.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType

from soundflow.errors import UsageError
from soundflow.model.bundle import Bundle
from soundflow.model.config import SAMPLE_RATE
from soundflow.stream.clock import Clock, SimulatedClock, WallClock
from soundflow.stream.decoding import Decoding, Outcome
from soundflow.stream.events import Error, Event
from soundflow.stream.fifo import FifoRule, Overflow
from soundflow.stream.narrator import Narrator
from soundflow.stream.perception import EncodedChunk, Perception, Samples
from soundflow.stream.schedule import Immediate, Policy, Schedule, Simulated

_MOST_REPLY_TOKENS = 4096  # room for replies is taken from memory when a session opens; chosen


@dataclass(frozen=True)
class Limits:
    """The bounds of one session. None takes what the model's config says.

    `queue_chunks` is the most chunks that wait while a reply is spoken (default: half the window);
    `queue_overflow` says what happens then: `drop_oldest` goes on with an `error` event, `error` raises.
    `remembered_reply_tokens` is the room for replies that stay in the context as text when the sound they answered is
    forgotten; 0, the default, forgets them together, as models are trained.
    """

    max_reply_tokens: int | None = None
    queue_chunks: int | None = None
    queue_overflow: Overflow = "drop_oldest"
    remembered_reply_tokens: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.remembered_reply_tokens <= _MOST_REPLY_TOKENS:
            found = f"{self.remembered_reply_tokens} tokens"
            raise UsageError("session.remembered_reply_tokens", found, f"use 0 to {_MOST_REPLY_TOKENS}")

    def reply_tokens(self, bundle: Bundle) -> int:
        """Text tokens a reply may have."""
        wanted = self.max_reply_tokens
        if wanted is not None and not 1 <= wanted <= _MOST_REPLY_TOKENS:
            raise UsageError("session.max_reply_tokens", f"{wanted} tokens", f"use 1 to {_MOST_REPLY_TOKENS}")
        return bundle.config.max_reply_tokens if wanted is None else wanted

    def queue(self, bundle: Bundle) -> int:
        """Chunks the queue holds; a flush of all of them must fit into the window."""
        most = max(1, bundle.config.max_chunks // 2)
        return most if self.queue_chunks is None else min(self.queue_chunks, most)


class Session:
    """The perceive-decide-respond loop over one stream, without threads.

    With a wall clock (the default) each chunk is decided as soon as it is there and a reply is spoken whole before
    the next chunk is looked at. With a `SimulatedClock` chunks arrive in real time while replies take their cost, so
    that queued chunks are really flushed together.

    Args:
        bundle: the model; any number of sessions may share it.
        instruction: what to listen for; None takes the model's default.
        threshold: p(response) from which the model speaks; None takes the model's.
        clock: where time comes from.
        limits: bounds of replies and queue.
        policy: `pop_one` and `synchronous` are the baselines of the ablation and need a `SimulatedClock`.

    Raises:
        UsageError: a threshold, limit or policy makes no sense.
    """

    def __init__(
        self,
        bundle: Bundle,
        instruction: str | None = None,
        threshold: float | None = None,
        clock: Clock | None = None,
        *,
        limits: Limits | None = None,
        policy: Policy = "fifo",
    ) -> None:
        limits = limits or Limits()
        config = bundle.config
        self._clock: Clock = clock or WallClock()
        self._chunk_samples = config.chunk_samples
        self._perception = Perception(bundle)
        self._decoding = Decoding(
            bundle,
            instruction,
            config.response_threshold if threshold is None else threshold,
            limits.reply_tokens(bundle),
            limits.remembered_reply_tokens,
        )
        self._narrator = Narrator(config.chunk_samples)
        self._rule: FifoRule[EncodedChunk] = FifoRule(
            limits.queue(bundle), limits.queue_overflow, "one" if policy == "pop_one" else "all"
        )
        self._events: list[Event] = []
        self._busy_seconds = 0.0
        self._dropped_told = 0
        self._is_ended = False
        self._schedule = self._make_schedule(policy)

    def feed(self, samples: Samples) -> list[Event]:
        """Hear more sound and say what came of it.

        Args:
            samples: float32 [n], 16 kHz mono, -1..1, any n.

        Raises:
            InputError: wrong shape or type.
            UsageError: the session has ended (`session.ended`).
        """
        self._check_open()
        started_at = self._clock.now()
        for piece in self._perception.pieces(samples):
            for chunk in self._perception.hear(piece, self._arrival()):
                self._schedule.arrive(chunk, chunk.arrived_at)
        self._busy_seconds += self._clock.now() - started_at
        return self._take_events()

    def end(self) -> list[Event]:
        """Hear the last, padded chunk, finish what is being said, and close with an `end` event."""
        self._check_open()
        self._is_ended = True
        started_at = self._clock.now()
        for chunk in self._perception.end(self._arrival()):
            self._schedule.arrive(chunk, chunk.arrived_at)
        self._schedule.finish()
        self._busy_seconds += self._clock.now() - started_at
        if isinstance(self._schedule, Simulated):
            self._busy_seconds = self._schedule.busy_seconds
        heard = self._perception
        events = self._take_events()
        return [*events, self._narrator.end(heard.seconds, heard.chunks, self._busy_seconds)]

    def close(self) -> None:
        """Stop without finishing; calling it again does nothing."""
        self._is_ended = True

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _make_schedule(self, policy: Policy) -> Schedule[EncodedChunk]:
        if isinstance(self._clock, SimulatedClock):
            return Simulated(self._rule, self._clock, self._decoding.run, self._tell, policy)
        if policy != "fifo":
            raise UsageError("session.policy", f"policy {policy!r} on a wall clock", "pass a SimulatedClock")
        return Immediate(self._rule, self._clock, self._decoding.run, self._tell)

    def _arrival(self) -> float:
        """When the chunk that is being completed has its last sample in."""
        if isinstance(self._clock, SimulatedClock):
            return (self._perception.chunks + 1) * self._chunk_samples / SAMPLE_RATE
        return self._clock.now()

    def _tell(self, outcome: Outcome, done_at: float) -> None:
        self._events += self._narrator.tell(outcome, done_at)

    def _take_events(self) -> list[Event]:
        events, self._events = self._events, []
        lost = self._rule.dropped - self._dropped_told
        if lost:
            self._dropped_told += lost
            events.append(queue_error(lost, self._rule.capacity))
        return events

    def _check_open(self) -> None:
        if self._is_ended:
            raise UsageError("session.ended", "sound for a session that has ended", "open a new session")


def queue_error(lost: int, capacity: int) -> Error:
    """The event that says chunks were dropped because the decoder is too slow."""
    return Error(
        code="stream.queue_full",
        message=f"{lost} chunks dropped: {capacity} were waiting for the decoder already",
        hint="the model is slower than the sound: use a smaller model or a faster machine",
    )
