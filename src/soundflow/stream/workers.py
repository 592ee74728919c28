"""A session in real time: encoder and decoder as two threads around the FIFO rule, for microphones and live sources.

The encoder never waits for the decoder; what they share is one lock around the rule, held for microseconds.
Tests: tests/stream/test_workers.py.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Literal

from soundflow.errors import UsageError
from soundflow.model.bundle import Bundle
from soundflow.model.config import SAMPLE_RATE
from soundflow.stream.clock import Clock, WallClock
from soundflow.stream.decoding import Decoding
from soundflow.stream.events import Error, Event
from soundflow.stream.fifo import IDLE, Action, ChunkReady, FifoRule, Idle, TextStep, Token
from soundflow.stream.mailbox import Mailbox
from soundflow.stream.narrator import Narrator
from soundflow.stream.perception import EncodedChunk, Perception, Samples
from soundflow.stream.session import Limits, queue_error

_INBOX_SECONDS = 30.0  # sound that may wait for the encoder; chosen, far more than a healthy one needs
_OUTBOX_EVENTS = 4096  # events that may wait for their reader before the decoder waits too; chosen
_JOIN_SECONDS = 5.0  # a thread that is stuck in a device is left behind after this; chosen


class LiveSession:
    """One stream in real time. Feed it from one thread and read `events` from another, or let `hear` do both.

    Args:
        policy: `fifo`, or `synchronous` with one thread for both networks (the ablation).
        others: as in `Session`.

    Raises:
        UsageError: as in `Session`.
    """

    def __init__(
        self,
        bundle: Bundle,
        instruction: str | None = None,
        threshold: float | None = None,
        clock: Clock | None = None,
        *,
        limits: Limits | None = None,
        policy: Literal["fifo", "synchronous"] = "fifo",
    ) -> None:
        limits = limits or Limits()
        config = bundle.config
        threshold = config.response_threshold if threshold is None else threshold
        self._clock: Clock = clock or WallClock()
        self._perception = Perception(bundle)
        self._decoding = Decoding(
            bundle, instruction, threshold, limits.reply_tokens(bundle), limits.remembered_reply_tokens
        )
        self._narrator = Narrator(config.chunk_samples)
        self._rule: FifoRule[EncodedChunk] = FifoRule(limits.queue(bundle), limits.queue_overflow)
        self._inbox: Mailbox[tuple[Samples, float]] = Mailbox(_INBOX_SECONDS * SAMPLE_RATE, lambda block: len(block[0]))
        self._outbox: Mailbox[Event] = Mailbox(_OUTBOX_EVENTS)
        self._turn = threading.Condition()  # guards the rule and what follows
        self._action: Action[EncodedChunk] = IDLE
        self._is_heard = False
        self._is_stopping = False
        self._failure: BaseException | None = None
        self._dropped_told = self._lost_samples = 0
        self._encoder_seconds = self._decoder_seconds = 0.0
        jobs = (self._encode_loop, self._decode_loop) if policy == "fifo" else (self._single_loop,)
        self._threads = [self._start(job) for job in jobs]

    def feed(self, samples: Samples) -> None:
        """Hand over sound, float32 [n] at 16 kHz mono, and return at once.

        When more than 30 s wait for the encoder the oldest block is dropped, with an `error` event.

        Raises:
            UsageError: the session has ended (`session.ended`).
        """
        if not self._accept(samples):
            raise UsageError("session.ended", "sound for a session that has ended", "open a new session")

    def end(self) -> None:
        """No more sound will come: what is left is heard, said, and closed with an `end` event."""
        self._inbox.close()

    def events(self) -> Iterator[Event]:
        """Events as they come, until the `end` event.

        Raises:
            BaseException: whatever stopped a thread, after the events that came before it.
        """
        yield from self._outbox
        if self._failure is not None:
            raise self._failure

    def hear(self, source: Iterable[Samples]) -> Iterator[Event]:
        """Feed a source (a microphone, a paced file) from a thread of its own and give the events."""
        self._threads.append(self._start(lambda: self._feed_all(source)))
        return self.events()

    def close(self) -> None:
        """Stop now: a reply in progress ends with reason `cancelled`. Calling it again does nothing."""
        with self._turn:
            self._is_stopping = True
            self._turn.notify_all()
        self._inbox.close(discard=True)
        self._outbox.stop_waiting()
        for thread in self._threads:
            thread.join(_JOIN_SECONDS)

    def __enter__(self) -> LiveSession:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _start(self, job: Callable[[], None]) -> threading.Thread:
        thread = threading.Thread(target=self._guard, args=(job,), daemon=True)
        thread.start()
        return thread

    def _guard(self, job: Callable[[], None]) -> None:
        """Run a thread's job; its failure stops the session and reaches whoever reads the events."""
        try:
            job()
        except BaseException as failure:
            with self._turn:
                self._failure = self._failure or failure
                self._is_stopping = True
                self._turn.notify_all()
            self._inbox.close(discard=True)
            self._outbox.close()

    def _feed_all(self, source: Iterable[Samples]) -> None:
        """A source that fails ends the stream: what it gave is heard, then its error reaches the reader."""
        try:
            for samples in source:
                if not self._accept(samples):
                    return  # the session was ended or closed meanwhile
        except Exception as failure:
            self._failure = failure
        self.end()

    def _accept(self, samples: Samples) -> bool:
        dropped = self._inbox.put((samples, self._clock.now()))
        if dropped:
            with self._turn:
                self._lost_samples += sum(len(block) for block, _ in dropped)
        return dropped is not None

    def _chunks(self) -> Iterator[EncodedChunk]:
        """Encoded chunks as sound comes in, the padded last one included."""
        for samples, arrived_at in self._inbox:
            for piece in self._perception.pieces(samples):
                if self._is_stopping:
                    return
                yield from self._timed_hear(piece, arrived_at)
        if not self._is_stopping:
            yield from self._perception.end(self._clock.now())

    def _timed_hear(self, piece: Samples, arrived_at: float) -> list[EncodedChunk]:
        started_at = self._clock.now()
        chunks = self._perception.hear(piece, arrived_at)
        self._encoder_seconds += self._clock.now() - started_at
        return chunks

    def _encode_loop(self) -> None:
        for chunk in self._chunks():
            with self._turn:
                action = self._rule.advance(ChunkReady(chunk))
                if not isinstance(action, Idle):
                    self._action = action
                    self._turn.notify_all()
        with self._turn:
            self._is_heard = True
            self._turn.notify_all()

    def _decode_loop(self) -> None:
        while (action := self._next_action()) is not None:
            token = self._decode(action)
            with self._turn:
                self._action = self._rule.advance(token)
        self._finish()

    def _single_loop(self) -> None:
        """Encode a chunk only when nothing is being said."""
        for chunk in self._chunks():
            action = self._rule.advance(ChunkReady(chunk))
            while not isinstance(action, Idle):
                action = self._rule.advance(self._decode(action))
        self._finish()

    def _next_action(self) -> Action[EncodedChunk] | None:
        """Wait for work; None when there will be none. A reply in progress is let go to its (cancelled) end."""
        with self._turn:
            self._turn.wait_for(lambda: self._has_work() or self._is_heard or self._is_stopping)
            return self._action if self._has_work() else None

    def _has_work(self) -> bool:
        return isinstance(self._action, TextStep) or not (isinstance(self._action, Idle) or self._is_stopping)

    def _decode(self, action: Action[EncodedChunk]) -> Token:
        assert not isinstance(action, Idle)
        started_at = self._clock.now()
        is_cut = self._is_stopping and isinstance(action, TextStep)
        outcome = self._decoding.cancel() if is_cut else self._decoding.run(action)
        done_at = self._clock.now()
        self._decoder_seconds += done_at - started_at
        for event in self._narrator.tell(outcome, done_at):
            self._outbox.put_waiting(event)
        self._tell_drops()
        return Token(outcome.kind)

    def _tell_drops(self) -> None:
        """Say what was lost since last time: told from here, so that neither a source nor the encoder ever waits."""
        lost = self._rule.dropped - self._dropped_told
        if lost:
            self._dropped_told += lost
            self._outbox.put_waiting(queue_error(lost, self._rule.capacity))
        with self._turn:
            samples, self._lost_samples = self._lost_samples, 0
        if samples:
            self._outbox.put_waiting(_inbox_error(samples / SAMPLE_RATE))

    def _finish(self) -> None:
        self._tell_drops()
        heard = self._perception
        busy_seconds = self._encoder_seconds + self._decoder_seconds
        self._outbox.put_waiting(self._narrator.end(heard.seconds, heard.chunks, busy_seconds))
        self._outbox.close()


def in_real_time(blocks: Iterable[Samples], clock: Clock) -> Iterator[Samples]:
    """Give each block at the moment a microphone would have finished it."""
    started_at, samples = clock.now(), 0
    for block in blocks:
        samples += len(block)
        clock.wait_until(started_at + samples / SAMPLE_RATE)
        yield block


def _inbox_error(seconds: float) -> Error:
    return Error(
        code="stream.inbox_full",
        message=f"{seconds:.1f} s of sound dropped: {_INBOX_SECONDS:.0f} s were waiting for the encoder already",
        hint="the encoder is slower than the sound: use a smaller model or a faster machine",
    )
