"""One stream among many: what the caller of an engine holds. The engine's two threads do its work.

All that several threads touch lies behind the engine's one lock; what only one thread at a time may touch
(perception: the hearing thread; decoding and narrator: the speaking thread) needs none.
Tests: tests/stream/test_engine.py.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator
from threading import Condition, Lock
from types import TracebackType
from typing import Protocol

import numpy as np
import torch

from soundflow.errors import UsageError
from soundflow.model.bundle import Bundle
from soundflow.model.config import SAMPLE_RATE
from soundflow.stream.changes import Change, Instruct, Truncate
from soundflow.stream.clock import Clock
from soundflow.stream.decoding import check_threshold, prefix_of
from soundflow.stream.events import Error, Event
from soundflow.stream.fifo import IDLE, Action, Flush, Idle, TextStep
from soundflow.stream.perception import EncodedChunk, Samples, checked
from soundflow.stream.recording import Recording
from soundflow.stream.session import queue_error
from soundflow.stream.snapshot import StreamState, freeze

_log = logging.getLogger(__name__)
_INBOX_SECONDS = 30.0  # sound that may wait to be heard; chosen, far more than a healthy engine needs
_OUTBOX_EVENTS = 4096  # events that may wait for their reader; then the session alone waits with them; chosen
_MOST_REQUESTS = 64  # changes that may wait for the next decision; chosen


class Desk(Protocol):
    """What a session asks of its engine. Every call but `clock` is made with the lock held."""

    lock: Condition
    clock: Clock

    def hear_later(self, session: EngineSession) -> None:
        """There is a chunk to hear."""
        ...

    def decode_later(self, session: EngineSession) -> None:
        """There is an action to do."""
        ...

    def settle(self, session: EngineSession) -> None:
        """Close the session if it has nothing left to do."""
        ...

    def lose(self, seconds: float) -> None:
        """Sound was dropped."""
        ...


class EngineSession:
    """A stream on an `Engine`, made by `Engine.open`; the face is described there."""

    def __init__(
        self,
        desk: Desk,
        bundle: Bundle,
        state: StreamState,
        wake: Callable[[], None] | None,
        recording: Recording | None = None,
        is_synchronous: bool = False,
    ) -> None:
        self.desk = desk
        self.recording = recording
        self.perception = state.perception
        self.decoding = state.decoding
        self.narrator = state.narrator
        self.rule = state.rule
        self.action: Action[EncodedChunk] = IDLE
        self.is_hearing = False  # waits for, or is in, a pass of the encoder
        self.is_decoding = False  # waits for, or is in, a pass of the decoder
        self.is_paused = False  # has an action, but its reader must take events first
        self.is_heard = False  # ended, and all its sound is encoded
        self.is_stopping = False
        self.is_held = False  # a snapshot is taken: no pass may begin with it
        self.passes = 0  # of either network that it is in now
        self.is_over = False
        self.busy_seconds = 0.0  # its share of both threads' time
        self._bundle = bundle
        self._wake = wake
        self._is_synchronous = is_synchronous
        self._one_snapshot = Lock()
        self._requests: list[Change] = []
        self._inbox: deque[tuple[Samples, float]] = deque()
        self._waiting = 0  # samples in the inbox
        self._taken = state.perception.samples  # samples that left it
        self._is_ending = False
        self._is_cancelled = False
        self._outbox: deque[Event] = deque()
        self._told = Condition(desk.lock._lock)  # type: ignore[attr-defined]  # one lock for all
        self._lost_samples, self._dropped_told = 0, state.rule.dropped
        if state.unheard is not None and len(state.unheard):
            self._inbox.append((state.unheard.numpy(), desk.clock.now()))
            self._waiting = len(state.unheard)

    # --- the caller's side ---

    def feed(self, samples: Samples) -> None:
        """Hand over sound, float32 [n] at 16 kHz mono, any n, and return at once.

        When more than 30 s wait to be heard the oldest block is dropped, with an `error` event.

        Raises:
            InputError: wrong shape or type (`audio.shape`, `audio.dtype`).
            UsageError: the session has ended (`session.ended`).
        """
        samples = checked(samples)
        with self.desk.lock:
            if self._is_ending or self.is_stopping:
                raise UsageError("session.ended", "sound for a session that has ended", "open a new session")
            while self._inbox and self._waiting + len(samples) > _INBOX_SECONDS * SAMPLE_RATE:
                self._lost_samples += len(dropped := self._inbox.popleft()[0])
                self._waiting -= len(dropped)
                self.desk.lose(len(dropped) / SAMPLE_RATE)
            self._inbox.append((samples, self.desk.clock.now()))
            self._waiting += len(samples)
            if self.has_sound():
                self.desk.hear_later(self)

    def end(self) -> None:
        """No more sound will come: what is left is heard, said, and closed with an `end` event."""
        with self.desk.lock:
            if not (self._is_ending or self.is_stopping):
                self._is_ending = True
                self.desk.hear_later(self)

    def close(self) -> None:
        """Stop now: a reply in progress ends with reason `cancelled`, then `end` comes. Again does nothing."""
        with self.desk.lock:
            self.is_stopping = True
            self._inbox.clear()
            self._waiting = 0
            if self.is_paused:
                self.resume()
            self.desk.settle(self)
        self.tell([])

    def cancel(self) -> None:
        """End the reply that is being spoken with reason `cancelled`; without one nothing happens."""
        with self.desk.lock:
            self._is_cancelled = isinstance(self.action, TextStep)

    def set_threshold(self, threshold: float) -> None:
        """From the next decision on speak at this p(response), 0..1.

        Raises:
            UsageError: no such probability (`session.threshold`).
        """
        self.decoding.threshold = check_threshold(threshold)

    def set_instruction(self, instruction: str | None) -> None:
        """From the next decision on listen for this, and remember what was heard; None is the model's default.

        Raises:
            UsageError: too long (`session.instruction`).
        """
        prefix_of(self._bundle, instruction)
        self._request(Instruct(instruction))

    def truncate(self, reply: int, characters: int) -> None:
        """Only the first characters of a reply were played: the rest of it leaves the context before the next decision.

        Args:
            reply: its number in the events, from 0; one that is forgotten by then is left alone.
        """
        self._request(Truncate(reply, characters))

    def snapshot(self) -> bytes:
        """The stream as it stands, for `Engine.restore` here or elsewhere; it goes on undisturbed.

        Events that were not taken yet are not in it, nor are changes that wait for the next decision.

        Raises:
            UsageError: the session has ended (`session.ended`).
        """
        with self._one_snapshot:
            return self._frozen()

    def _frozen(self) -> bytes:
        with self.desk.lock:
            if self._is_ending or self.is_stopping:
                raise UsageError("session.ended", "a snapshot of a session that has ended", "take it while it is open")
            self.is_held = True
            self._told.wait_for(lambda: not self.passes)
            sound = [block for block, _ in self._inbox]
        try:
            unheard = torch.from_numpy(np.concatenate(sound)) if sound else None
            undone = self.action if isinstance(self.action, Flush) else None
            state = StreamState(self.perception, self.decoding, self.rule, self.narrator, undone, unheard)
            return freeze(self._bundle, state, self.desk.clock.now())
        finally:
            with self.desk.lock:
                self.let_go()

    def events(self) -> Iterator[Event]:
        """Events as they come, waited for, until the `end` event."""
        while True:
            with self.desk.lock:
                self._told.wait_for(lambda: self._outbox or self.is_over)
                if not self._outbox:
                    return
                event = self._outbox.popleft()
                self._after_taking()
            yield event

    def take(self) -> list[Event]:
        """The events that are there, without waiting: for a reader that `wake` tells when to come."""
        with self.desk.lock:
            events = list(self._outbox)
            self._outbox.clear()
            self._after_taking()
        return events

    def __enter__(self) -> EngineSession:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _request(self, change: Change) -> None:
        with self.desk.lock:
            if len(self._requests) >= _MOST_REQUESTS:
                found = f"{_MOST_REQUESTS} changes wait for the next decision"
                raise UsageError("session.requests", found, "change the session less often than it decides")
            self._requests.append(change)

    def _after_taking(self) -> None:
        if self.is_paused and not self.is_full:
            self.resume()

    # --- the engine's side ---

    def has_sound(self) -> bool:
        """Whether a chunk can be completed now, the padded last one included."""
        missing = self.perception.chunk_samples - self._taken % self.perception.chunk_samples
        if self.is_held or self.is_deaf:
            return False
        return not self.is_stopping and not self.is_heard and (self._is_ending or self._waiting >= missing)

    @property
    def is_deaf(self) -> bool:
        """Whether it hears nothing now because it decides or speaks: the synchronous policy, never ours."""
        return self._is_synchronous and not isinstance(self.action, Idle)

    @property
    def waiting_chunks(self) -> int:
        """Whole chunks that wait to be heard or decided."""
        return self._waiting // self.perception.chunk_samples + len(self.rule.queued)

    def take_sound(self) -> list[tuple[Samples, float]]:
        """The blocks up to the next chunk border, or what is left of a stream that ended; each with its arrival."""
        missing = self.perception.chunk_samples - self._taken % self.perception.chunk_samples
        taken: list[tuple[Samples, float]] = []
        while missing and self._inbox:
            samples, at = self._inbox.popleft()
            taken.append((samples[:missing], at))
            if len(samples) > missing:
                self._inbox.appendleft((samples[missing:], at))
            missing -= len(taken[-1][0])
            self._taken += len(taken[-1][0])
            self._waiting -= len(taken[-1][0])
        if self.recording is not None:
            self.recording.heard(taken)
        return taken

    @property
    def is_last_sound(self) -> bool:
        """Whether what was just taken was all there will be."""
        return self._is_ending and not self._inbox

    @property
    def is_full(self) -> bool:
        """Whether its reader must take events before it goes on; one that is stopped waits for nobody."""
        return len(self._outbox) >= _OUTBOX_EVENTS and not self.is_stopping

    def let_go(self) -> None:
        """Passes may begin with it again."""
        self.is_held = False
        if self.has_sound() or self._is_ending:
            self.desk.hear_later(self)
        if self.is_paused and not self.is_full:
            self.resume()
        self.desk.settle(self)

    def leave_pass(self) -> None:
        """A pass with it is over."""
        self.passes = max(0, self.passes - 1)  # a session that dropped out is in none
        if self.is_held:
            self._told.notify_all()

    def drop_out(self, of_hearing: bool) -> None:
        """The worker that had it in its hands is dead."""
        self.passes = 0
        if of_hearing:
            self.is_hearing = False
        else:
            self.is_decoding = False
        self._told.notify_all()

    def resume(self) -> None:
        """Go on with the action that waited for the reader."""
        self.is_paused = False
        if not isinstance(self.action, Idle):
            self.desk.decode_later(self)

    def take_cancel(self) -> bool:
        """Whether the reply in progress is to be ended now; asked once."""
        wanted, self._is_cancelled = self._is_cancelled or self.is_stopping, False
        return wanted

    def take_requests(self) -> list[Change]:
        """Changes to make before a decision, oldest first, once."""
        requests, self._requests = self._requests, []
        return requests

    def post(self, events: list[Event]) -> None:
        """Put events where the reader finds them, behind what was lost since last time. The lock is held."""
        self._outbox.extend(self._losses())
        self._outbox.extend(events)
        self._told.notify_all()

    def tell(self, events: list[Event]) -> None:
        """Wake the reader, without the lock."""
        if events:
            with self.desk.lock:
                self.post(events)
        if self._wake is not None:
            try:
                self._wake()
            except Exception:  # a reader that is gone must not take the engine's thread with it
                _log.exception("a session's wake failed")

    def _losses(self) -> Iterator[Event]:
        lost = self.rule.dropped - self._dropped_told
        if lost:
            self._dropped_told += lost
            yield queue_error(lost, self.rule.capacity)
        if self._lost_samples:
            seconds, self._lost_samples = self._lost_samples / SAMPLE_RATE, 0
            yield Error(
                "stream.inbox_full",
                f"{seconds:.1f} s of sound dropped: {_INBOX_SECONDS:.0f} s were waiting to be heard already",
                "the machine is slower than the sound of all sessions: allow fewer sessions or use a faster machine",
            )
