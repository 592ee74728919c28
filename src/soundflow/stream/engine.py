"""Many sessions on one model: one thread hears for all of them, one decides and speaks for all of them.

    engine = Engine(bundle, EngineLimits(sessions=64))
    session = engine.open(instruction="Count the barks.", threshold=0.6, wake=None)
    session.feed(samples)          float32 [n], 16 kHz mono; returns at once, from any thread
    for event in session.events(): waits; ends behind the `end` event      (or: session.take(), which never waits)
    session.cancel()               ends the reply that is being spoken
    session.set_threshold(0.8)     from the next decision on
    session.set_instruction("…")   from the next decision on, without forgetting what was heard
    session.truncate(0, 12)        of reply 0 only 12 characters were played: the rest leaves the context
    blob = session.snapshot()      the stream as bytes; engine.restore(blob) goes on from it, also elsewhere
    session.end()                  no more sound: what is left is heard and said, then comes `end`
    session.close()                stop now, then comes `end`
    engine.close()                 stops every session and both threads

`wake` is called, from the engine's threads, whenever events came: it must return at once
(`lambda: loop.call_soon_threadsafe(flag.set)`), and `session.take()` then gives them. A reader that does not come is
waited for by its own session alone. Every session gets the same tokens as it would alone: see
docs/decisions/0012. Tests: tests/stream/test_engine.py.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from types import TracebackType

from soundflow.errors import OutsideError, SoundflowError, UsageError
from soundflow.model.bundle import Bundle
from soundflow.stream.batch import Heard, Step, decode_all, hear_all
from soundflow.stream.clock import Clock, WallClock
from soundflow.stream.decoding import Outcome
from soundflow.stream.engine_limits import EngineLimits, fresh_state
from soundflow.stream.engine_line import Line
from soundflow.stream.engine_session import EngineSession
from soundflow.stream.engine_statistics import EngineStatistics
from soundflow.stream.events import Error, Event
from soundflow.stream.fifo import IDLE, ChunkReady, Flush, Idle, TextStep, Token
from soundflow.stream.recording import Recording
from soundflow.stream.session import Limits
from soundflow.stream.snapshot import StreamState, fingerprint, thaw
from soundflow.stream.statistics import LatencyHistogram

__all__ = ["Engine", "EngineLimits"]

_log = logging.getLogger(__name__)
_JOIN_SECONDS = 5.0  # a thread that is stuck is left behind after this; chosen


class Engine:
    """Runs the sessions of one model.

    Args:
        bundle: the model.
        limits: how many sessions, how large a batch, and the bounds of each session.
        clock: where times come from; None takes the machine's.
    """

    def __init__(self, bundle: Bundle, limits: EngineLimits | None = None, clock: Clock | None = None) -> None:
        self.limits = limits or EngineLimits()
        self.clock: Clock = clock or WallClock()
        self.lock = threading.Condition()
        self.statistics = EngineStatistics()
        self.latencies = LatencyHistogram()
        self._bundle = bundle
        self.chunk_seconds = bundle.config.chunk_seconds
        self._sessions: set[EngineSession] = set()
        self._to_hear = Line(self.lock, self.limits.batch)
        self._to_decode = Line(self.lock, self.limits.batch)
        self._is_closed = False
        self._threads = [self._start(self._hear_loop), self._start(self._decode_loop)]

    @property
    def sessions(self) -> int:
        """Sessions that are open now."""
        return len(self._sessions)

    @property
    def waiting_chunks(self) -> int:
        """Whole chunks that wait to be heard or decided, over all sessions."""
        with self.lock:
            return sum(session.waiting_chunks for session in self._sessions)

    def open(
        self,
        instruction: str | None = None,
        threshold: float | None = None,
        *,
        limits: Limits | None = None,
        wake: Callable[[], None] | None = None,
        recording: Recording | None = None,
    ) -> EngineSession:
        """Open a stream.

        Args:
            instruction, threshold: as in `Session`.
            limits: bounds of this session; None takes the engine's.
            wake: called from the engine's threads whenever events came; it must return at once.
            recording: a fresh one, to keep the stream's sound and steps for `soundflow bench replay`.

        Raises:
            OutsideError: as many sessions as allowed are open (`engine.full`).
            UsageError: the engine is closed (`engine.closed`), or an argument makes no sense.
        """
        self._admit()
        state = fresh_state(self._bundle, instruction, threshold, limits or self.limits.session, self.limits.policy)
        if recording is not None:
            recording.model, recording.instruction = fingerprint(self._bundle), instruction
            recording.max_reply_tokens = (limits or self.limits.session).reply_tokens(self._bundle)
            recording.remembered_reply_tokens = (limits or self.limits.session).remembered_reply_tokens
        return self._seat(self._session(state, wake, recording))

    def restore(self, snapshot: bytes, *, wake: Callable[[], None] | None = None) -> EngineSession:
        """A stream that goes on where `EngineSession.snapshot` was taken, with the same tokens.

        Raises:
            InputError: the snapshot is damaged, or of another version or model.
            OutsideError, UsageError: as in `open`.
        """
        self._admit()
        return self._seat(self._session(thaw(self._bundle, snapshot, self.clock.now()), wake, None))

    def close(self) -> None:
        """Stop every session and both threads; calling it again does nothing."""
        with self.lock:
            self._is_closed = True
            sessions = list(self._sessions)
        for session in sessions:
            session.close()
        with self.lock:
            self._look_again()
        for thread in self._threads:
            thread.join(_JOIN_SECONDS)

    def __enter__(self) -> Engine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _session(
        self, state: StreamState, wake: Callable[[], None] | None, recording: Recording | None
    ) -> EngineSession:
        is_synchronous = self.limits.policy == "synchronous"
        return EngineSession(self, self._bundle, state, wake, recording, is_synchronous)

    def _seat(self, session: EngineSession) -> EngineSession:
        with self.lock:
            self._admit()  # others may have come meanwhile
            self._sessions.add(session)
            self.statistics.sessions_opened += 1
            session.action = session.rule.resume()  # a fresh stream has nothing to do, a restored one may
            if not isinstance(session.action, Idle):
                self.decode_later(session)
            session.let_go()
        return session

    # --- what sessions ask for; the lock is held ---

    def hear_later(self, session: EngineSession) -> None:
        """Put a session in line for the encoder."""
        if not session.is_hearing:
            session.is_hearing = True
            self._to_hear.join(session)

    def decode_later(self, session: EngineSession) -> None:
        """Put a session in line for the decoder."""
        if not session.is_decoding:
            session.is_decoding = True
            self._to_decode.join(session)

    def settle(self, session: EngineSession) -> None:
        """Close a session that is in nobody's hands and has nothing left to do."""
        if session.is_over or session.is_hearing or session.is_decoding or session.is_paused:
            return
        if not session.is_stopping and not (session.is_heard and isinstance(session.action, Idle)):
            return
        if session.is_stopping and isinstance(session.action, TextStep):
            self.decode_later(session)  # the reply's cancelled end comes first
            return
        heard = session.perception
        session.post([session.narrator.end(heard.seconds, heard.chunks, session.busy_seconds)])
        session.is_over = True
        self._sessions.discard(session)
        self._look_again()

    def lose(self, seconds: float) -> None:
        """Sound was dropped that nobody heard."""
        self.statistics.dropped_seconds += seconds

    # --- the two threads ---

    def _admit(self) -> None:
        if self._is_closed:
            raise UsageError("engine.closed", "a session for an engine that is closed", "make a new engine")
        if len(self._sessions) >= self.limits.sessions:
            self.statistics.sessions_refused += 1
            found = f"{len(self._sessions)} sessions are open, the limit is {self.limits.sessions}"
            raise OutsideError("engine.full", found, "come back later, or allow more sessions")

    def _start(self, job: Callable[[], None]) -> threading.Thread:
        thread = threading.Thread(target=self._supervise, args=(job,), name=job.__name__, daemon=True)
        thread.start()
        return thread

    def _supervise(self, job: Callable[[], None]) -> None:
        """Run a worker until there is no more work; one that dies, by whatever hand, begins again."""
        while True:
            try:
                job()
                return
            except BaseException as death:
                _log.error("a worker died", exc_info=death)
                self._begin_again(job.__name__, death)

    def _begin_again(self, worker: str, death: BaseException) -> None:
        """The sessions that a dead worker had in its hands are told and closed: nobody knows how far it came."""
        hears = worker == self._hear_loop.__name__
        found = f"the thread that {'hears' if hears else 'decides'} died in a pass: {type(death).__name__}"
        failure = OutsideError("engine.worker_died", found, "open a new session; all others go on")
        with self.lock:
            self.statistics.workers_restarted += 1
            line = self._to_hear if hears else self._to_decode
            lost = line.give_up(s for s in self._sessions if (s.is_hearing if hears else s.is_decoding))
            for session in lost:
                session.drop_out(hears)
                self._tell_failure(session, failure)
        for session in lost:
            session.tell([])

    def _is_done(self) -> bool:
        return self._is_closed and not self._sessions

    def _look_again(self) -> None:
        self._to_hear.look_again()
        self._to_decode.look_again()

    def _chunks_a_gathering(self) -> int:
        """Chunks that become whole while sound is gathered; none until so many sessions are open."""
        return int(len(self._sessions) * self.limits.gather_seconds / self.chunk_seconds)

    def _hear_loop(self) -> None:
        while self._hear_next():
            pass  # a pass of its own, so that a worker that waits holds on to nobody's memory

    def _hear_next(self) -> bool:
        with self.lock:
            batch = self._to_hear.next_batch(self._is_done, self._chunks_a_gathering, self.limits.gather_seconds)
            able = [s for s in batch if self._may_hear(s)]
            work = [Heard(s.perception, s.take_sound(), s.is_last_sound) for s in able]
        if able:
            self._hear(able, work)
        return bool(batch)

    def _may_hear(self, session: EngineSession) -> bool:
        """Whether a session shall be heard now; one that is held comes back by itself."""
        session.is_hearing = not session.is_held
        session.passes += session.is_hearing
        return session.is_hearing

    def _hear(self, batch: Sequence[EngineSession], work: Sequence[Heard]) -> None:
        started_at = self.clock.now()
        try:
            chunks = hear_all(self._bundle.network, work, started_at)
        except Exception as failure:
            for session in batch:
                session.is_hearing = False
            self._fail(batch, failure)
            return
        done_at = self.clock.now()
        with self.lock:
            self.statistics.hearing(done_at - started_at)
            for session, found, what in zip(batch, chunks, work, strict=True):
                session.busy_seconds += (done_at - started_at) / len(batch)
                session.is_heard = session.is_heard or what.is_last
                session.is_hearing = False
                session.leave_pass()
                for chunk in found:
                    self._queue(session, chunk.arrived_at, done_at, ChunkReady(chunk))
                if session.has_sound():
                    self.hear_later(session)
                self.settle(session)
        for session in batch:
            if session.is_over:
                session.tell([])

    def _queue(self, session: EngineSession, arrived_at: float, done_at: float, signal: ChunkReady) -> None:  # type: ignore[type-arg]
        """Hand a chunk to the session's rule; what it answers is put in line."""
        self.statistics.chunks += 1
        self.statistics.stalls += done_at - arrived_at > self.chunk_seconds
        dropped = session.rule.dropped
        try:
            action = session.rule.advance(signal)
        except SoundflowError as failure:
            self._tell_failure(session, failure)
            return
        self.statistics.dropped_chunks += session.rule.dropped - dropped
        self.lose((session.rule.dropped - dropped) * self.chunk_seconds)
        if not isinstance(action, Idle):
            session.action = action
            self.decode_later(session)

    def _decode_loop(self) -> None:
        while self._decode_next():
            pass

    def _decode_next(self) -> bool:
        with self.lock:
            batch = self._to_decode.next_batch(self._is_done)
            able = [s for s in batch if self._may_go_on(s)]
            steps = [_step_of(s) for s in able]
        if able:
            self._decode(able, steps)
        return bool(batch)

    def _may_go_on(self, session: EngineSession) -> bool:
        """Whether a session's action shall be done now; if not it is put aside."""
        is_void = session.is_stopping and not isinstance(session.action, TextStep)
        if not (is_void or session.is_full or session.is_held):
            session.passes += 1
            return True
        session.is_decoding = False
        session.is_paused = not is_void
        session.action = IDLE if is_void else session.action
        self.settle(session)
        return False

    def _decode(self, batch: Sequence[EngineSession], steps: Sequence[Step]) -> None:
        started_at = self.clock.now()
        try:
            outcomes = decode_all(self._bundle.network, steps)
        except Exception as failure:
            for session in batch:
                session.is_decoding = False
            self._fail(batch, failure)
            return
        done_at = self.clock.now()
        told = [s.narrator.tell(outcome, done_at) for s, outcome in zip(batch, outcomes, strict=True)]
        with self.lock:
            self.statistics.decoding(steps, outcomes, done_at - started_at)
            self._note_latencies(steps, done_at)
            for session, step, outcome, events in zip(batch, steps, outcomes, told, strict=True):
                if session.recording is not None:
                    session.recording.did(session.decoding, step.action, step.changes, outcome)
                session.busy_seconds += (done_at - started_at) / len(batch)
                self._go_on(session, outcome, events)
        for session, events in zip(batch, told, strict=True):
            if events or session.is_over:
                session.tell([])

    def _go_on(self, session: EngineSession, outcome: Outcome, events: list[Event]) -> None:
        session.post(events)
        session.is_decoding = False
        session.leave_pass()
        session.action = session.rule.advance(Token(outcome.kind))
        if not isinstance(session.action, Idle):
            self.decode_later(session)
        elif session.has_sound():  # only where it was deaf meanwhile
            self.hear_later(session)
        self.settle(session)

    def _fail(self, batch: Sequence[EngineSession], failure: Exception) -> None:
        """A pass failed: its sessions, which are out of it again, are told and closed, all others go on."""
        _log.error("a pass over %d sessions failed", len(batch), exc_info=failure)
        with self.lock:
            for session in batch:
                session.leave_pass()
                self._tell_failure(session, failure)
        for session in batch:
            session.tell([])

    def _tell_failure(self, session: EngineSession, failure: Exception) -> None:
        self.statistics.sessions_failed += 1
        known = isinstance(failure, SoundflowError)
        code, hint = (failure.code, failure.hint) if known else ("engine.failed", "open a new session")  # type: ignore[attr-defined]
        message = failure.message if known else f"the pass of the network failed: {type(failure).__name__}"  # type: ignore[attr-defined]
        session.post([Error(code, message, hint)])
        session.is_stopping = True
        if not session.is_decoding:
            session.action = IDLE  # else the decoder ends what it is saying first
        self.settle(session)

    def _note_latencies(self, steps: Sequence[Step], done_at: float) -> None:
        for step in steps:
            if isinstance(step.action, Flush):
                self.latencies.add(1e3 * (done_at - step.action.chunks[-1].arrived_at))


def _step_of(session: EngineSession) -> Step:
    """What the decoder shall do for a session now. The lock is held."""
    action = session.action
    assert not isinstance(action, Idle)
    if isinstance(action, TextStep):
        return Step(session.decoding, None if session.take_cancel() else action)
    session.take_cancel()  # one that came while the last reply gave its <eos> is not meant for the next
    return Step(session.decoding, action, tuple(session.take_requests()))
