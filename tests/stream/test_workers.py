"""Two threads around the rule: no sleeps, only gates and joins."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from soundflow.errors import OutsideError, UsageError
from soundflow.model.bundle import Bundle
from soundflow.stream.events import Decision, End, Error, Event, ReplyEnd
from soundflow.stream.perception import Samples
from soundflow.stream.session import Limits, Session
from soundflow.stream.workers import LiveSession, in_real_time
from soundflow.testing.clock import FakeClock
from soundflow.testing.microphone import FakeMicrophone
from soundflow.testing.model import Script, ScriptedReply, scripted_bundle
from tests.stream.conftest import CHUNK, noise

PATIENCE = 10.0  # seconds after which a test is broken, never waited for otherwise


class Gate:
    """Holds the decoder at its first text step until the encoder has done what the test wants."""

    def __init__(self, bundle: Bundle, chunks_meanwhile: int) -> None:
        self.encoded = threading.Semaphore(0)
        self.meanwhile = chunks_meanwhile
        network: Any = bundle.network
        self._encode, self._logits = network.encode, network.logits
        self.response = bundle.config.control.response
        network.encode, network.logits = self.encode, self.logits

    def encode(self, mel: Tensor) -> Tensor:
        features: Tensor = self._encode(mel)
        self.encoded.release()
        return features

    def logits(self, hidden: Tensor) -> Tensor:
        if int(hidden[0, 0]) == self.response:
            for _ in range(self.meanwhile):
                assert self.encoded.acquire(timeout=PATIENCE)
        logits: Tensor = self._logits(hidden)
        return logits


def blocks(chunks: int) -> Iterator[Samples]:
    return (np.zeros(CHUNK, np.float32) for _ in range(chunks))


def all_stopped(session: LiveSession) -> bool:
    return not any(thread.is_alive() for thread in session._threads)


def kinds(events: list[Event]) -> list[str]:
    return [e.type for e in events]


def test_the_encoder_goes_on_while_the_decoder_speaks() -> None:
    bundle = scripted_bundle(Script({0: ScriptedReply("Fire!")}))
    # the reply's first token is only given once six chunks are encoded: a blocked encoder would never get there
    Gate(bundle, chunks_meanwhile=6)
    with LiveSession(bundle) as session:
        session.feed(np.zeros(CHUNK, np.float32))
        events = session.events()
        first = next(events)
        for block in blocks(5):
            session.feed(block)
        session.end()
        rest = list(events)
    assert isinstance(first, Decision) and first.decision == "response"
    heard = [e for e in rest if isinstance(e, Decision)]
    assert sum(d.chunks for d in heard) == 5
    assert heard[0].chunks >= 4, "what waited is flushed together (the sixth may come a moment later)"
    assert isinstance(rest[-1], End) and rest[-1].chunks == 6


def test_the_synchronous_worker_decides_each_chunk_alone() -> None:
    bundle = scripted_bundle(Script({0: ScriptedReply("Fire!")}))
    with LiveSession(bundle, policy="synchronous") as session:
        events = list(session.hear(blocks(6)))
    assert [e.chunks for e in events if isinstance(e, Decision)] == [1] * 6
    assert kinds(events)[-1] == "end"


def test_chunk_by_chunk_the_threads_say_what_a_session_says(small_bundle: Bundle) -> None:
    sound = noise(6)
    plain = Session(small_bundle, threshold=1.0)
    expected = [e.p_response for e in plain.feed(sound) if isinstance(e, Decision)]
    found = []
    with LiveSession(small_bundle, threshold=1.0) as session:
        events = session.events()
        for i in range(6):
            session.feed(sound[i * CHUNK : (i + 1) * CHUNK])
            event = next(events)
            assert isinstance(event, Decision)
            found.append(event.p_response)
        session.end()
        assert kinds(list(events)) == ["end"]
    assert found == pytest.approx(expected, abs=1e-6)


def test_a_microphone_is_heard_to_its_end() -> None:
    clock = FakeClock()
    microphone = FakeMicrophone(np.zeros(CHUNK * 4 + 100, np.float32), clock=clock)
    with LiveSession(scripted_bundle(Script({1: ScriptedReply("Hi")})), clock=clock) as session:
        events = list(session.hear(microphone))
    assert sum(e.chunks for e in events if isinstance(e, Decision)) == 5
    assert isinstance(events[-1], End) and events[-1].seconds == pytest.approx(1.60625)


def test_a_stream_may_be_ended_while_its_source_goes_on() -> None:
    is_ended = threading.Event()

    def microphone() -> Iterator[Samples]:
        yield np.zeros(CHUNK, np.float32)
        assert is_ended.wait(PATIENCE)
        yield np.zeros(CHUNK, np.float32)

    with LiveSession(scripted_bundle()) as session:
        events = session.hear(microphone())
        first = next(events)
        session.end()
        is_ended.set()
        rest = list(events)
    assert isinstance(first, Decision)
    assert kinds(rest) == ["end"], "what comes after the end is not heard, and no error"
    assert all_stopped(session)


def test_a_microphone_that_goes_away_is_an_error_after_what_it_gave() -> None:
    microphone = FakeMicrophone(np.zeros(CHUNK * 8, np.float32), CHUNK, unplugged_at=1.3)
    told: list[Event] = []
    with LiveSession(scripted_bundle()) as session, pytest.raises(OutsideError) as caught:
        told.extend(session.hear(microphone))
    assert caught.value.code == "microphone.gone"
    assert all_stopped(session)


def test_a_failing_network_reaches_the_reader() -> None:
    bundle = scripted_bundle()

    def broken(mel: Tensor) -> Tensor:
        raise torch.OutOfMemoryError("no room")

    bundle.network.encode = broken  # type: ignore[method-assign]
    with LiveSession(bundle) as session, pytest.raises(torch.OutOfMemoryError):
        list(session.hear(blocks(2)))
    assert all_stopped(session)


def test_closing_mid_reply_cancels_it_and_leaves_no_thread() -> None:
    bundle = scripted_bundle(Script({0: ScriptedReply("The quick brown fox jumps over the lazy dog.")}))
    gate = Gate(bundle, chunks_meanwhile=2)
    session = LiveSession(bundle)
    session.feed(np.zeros(CHUNK, np.float32))
    events = session.events()
    assert isinstance(next(events), Decision)
    closer = threading.Thread(target=session.close)
    closer.start()
    with session._turn:
        assert session._turn.wait_for(lambda: session._is_stopping, PATIENCE)
    gate.encoded.release(2)
    closer.join(PATIENCE)
    rest = list(events)
    ended = [e for e in rest if isinstance(e, ReplyEnd)]
    assert [e.reason for e in ended] == ["cancelled"]
    assert kinds(rest)[-1] == "end"
    assert all_stopped(session)


def test_closing_twice_and_feeding_after_is_safe() -> None:
    session = LiveSession(scripted_bundle())
    session.close()
    session.close()
    with pytest.raises(UsageError):
        session.feed(np.zeros(1, np.float32))


def test_a_reader_who_leaves_does_not_hang_the_threads() -> None:
    with LiveSession(scripted_bundle()) as session:
        for _ in session.hear(blocks(50)):
            break
    assert all_stopped(session)


def test_a_decoder_that_is_too_slow_drops_chunks_and_says_so() -> None:
    bundle = scripted_bundle(Script({0: ScriptedReply("Fire!")}))
    Gate(bundle, chunks_meanwhile=9)
    with LiveSession(bundle, limits=Limits(queue_chunks=3)) as session:
        session.feed(np.zeros(CHUNK, np.float32))
        events = session.events()
        next(events)
        for block in blocks(9):
            session.feed(block)
        session.end()
        rest = list(events)
    errors = [e for e in rest if isinstance(e, Error)]
    assert errors and all(e.code == "stream.queue_full" for e in errors)
    assert max(e.chunks for e in rest if isinstance(e, Decision)) <= 3


def test_sound_the_encoder_cannot_keep_up_with_is_dropped_and_told() -> None:
    bundle = scripted_bundle()
    started, go_on = threading.Event(), threading.Event()
    encode = bundle.network.encode

    def held(mel: Tensor) -> Tensor:
        started.set()
        assert go_on.wait(PATIENCE)
        return encode(mel)

    bundle.network.encode = held  # type: ignore[method-assign]
    with LiveSession(bundle) as session:
        session.feed(np.zeros(CHUNK, np.float32))
        assert started.wait(PATIENCE)
        for _ in range(4):
            session.feed(np.zeros(160_000, np.float32))
        go_on.set()
        session.end()
        events = list(session.events())
    codes = [e.code for e in events if isinstance(e, Error)]
    # on a busy machine the decoder, too, may fall behind when the held encoder lets go
    assert codes.count("stream.inbox_full") == 1 and set(codes) <= {"stream.inbox_full", "stream.queue_full"}
    assert isinstance(events[-1], End) and events[-1].seconds == pytest.approx(30.4)


def test_real_time_gives_blocks_when_they_would_be_complete() -> None:
    clock = FakeClock(start=5.0)
    times = [clock.now() for _ in in_real_time(blocks(3), clock)]
    assert times == pytest.approx([5.4, 5.8, 6.2])
