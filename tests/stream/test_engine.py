"""Many sessions on one engine against each of them alone; bounds, faults and control. No sleeps, only gates."""

from __future__ import annotations

import gc
import itertools
import threading
import time
import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from torch import Tensor

from soundflow.errors import InputError, OutsideError, UsageError
from soundflow.model.bundle import Bundle
from soundflow.stream.engine import Engine, EngineLimits
from soundflow.stream.engine_session import EngineSession
from soundflow.stream.events import Decision, End, Error, Event, ReplyDelta, ReplyEnd
from soundflow.stream.perception import Samples
from soundflow.stream.session import Limits, Session
from soundflow.testing.clock import FakeClock
from soundflow.testing.model import Script, ScriptedReply, scripted_bundle
from tests.stream.conftest import CHUNK, noise

PATIENCE = 10.0  # seconds after which a test is broken, never waited for otherwise


def play(session: EngineSession, sound: Samples) -> Iterator[list[Event]]:
    """Feed a stream chunk by chunk, each when the one before is decided; gives what was said since."""
    reader = session.events()
    for i in range(len(sound) // CHUNK):
        session.feed(sound[i * CHUNK : (i + 1) * CHUNK])
        said: list[Event] = []
        while not said or not isinstance(said[-1], Decision):
            said.append(next(reader))
        yield said
    session.feed(sound[len(sound) // CHUNK * CHUNK :])
    session.end()
    yield list(reader)


def run(engine: Engine, sounds: list[Samples], **settings: Any) -> list[list[Event]]:
    """Play each sound to a session of its own, in turns, and collect what each said."""
    told: list[list[Event]] = [[] for _ in sounds]
    playing = [play(engine.open(**settings), sound) for sound in sounds]
    for turn in itertools.zip_longest(*playing, fillvalue=[]):
        for events, said in zip(told, turn, strict=True):
            events += said
    return told


def decisions(events: list[Event]) -> list[Decision]:
    return [e for e in events if isinstance(e, Decision)]


def replies(events: list[Event]) -> list[tuple[str, str]]:
    return [(e.text, e.reason) for e in events if isinstance(e, ReplyEnd)]


def silence(chunks: float) -> Samples:
    return np.zeros(round(chunks * CHUNK), np.float32)


def test_every_session_hears_its_own_stream_to_its_end() -> None:
    bundle = scripted_bundle(Script({2: ScriptedReply("Fire!")}))
    with Engine(bundle) as engine:
        told = run(engine, [silence(n) for n in (1, 4.5, 7)])
    ends = [events[-1] for events in told]
    assert [(e.chunks, e.replies) for e in ends if isinstance(e, End)] == [(1, 0), (5, 1), (7, 1)]
    assert [sum(d.chunks for d in decisions(events)) for events in told] == [1, 5, 7]
    assert [replies(events) for events in told] == [[], [("Fire!", "eos")], [("Fire!", "eos")]]


def test_chunk_by_chunk_it_says_what_a_session_alone_says(small_bundle: Bundle) -> None:
    sounds = [noise(6, seed) for seed in range(3)]
    with Engine(small_bundle) as engine:
        found = run(engine, sounds, threshold=1.0)
    for sound, events in zip(sounds, found, strict=True):
        expected = decisions(Session(small_bundle, threshold=1.0).feed(sound))
        assert [d.p_response for d in decisions(events)] == pytest.approx([d.p_response for d in expected], abs=1e-6)


def test_sound_of_many_sessions_is_gathered_into_one_pass() -> None:
    with Engine(scripted_bundle(), EngineLimits(batch=4, gather_seconds=4.0)) as engine:
        sessions = [engine.open() for _ in range(4)]
        for session in sessions:
            session.feed(silence(1))  # the fourth ends the wait
        for session in sessions:
            assert isinstance(next(session.events()), Decision)
        assert engine.statistics.encoder_passes == 1 and engine.statistics.chunks == 4
    with pytest.raises(UsageError, match="gathered for -1"):
        EngineLimits(gather_seconds=-1)


def test_the_engine_is_full_at_its_limit_and_open_again_when_one_leaves() -> None:
    with Engine(scripted_bundle(), EngineLimits(sessions=2)) as engine:
        first, _ = engine.open(), engine.open()
        with pytest.raises(OutsideError) as caught:
            engine.open()
        assert caught.value.code == "engine.full"
        first.end()
        list(first.events())
        engine.open()
        assert engine.sessions == 2 and engine.statistics.sessions_refused == 1


def test_a_closed_engine_has_stopped_everything() -> None:
    with Engine(scripted_bundle()) as engine:
        session = engine.open()
        session.feed(silence(0.5))
    assert [e.type for e in session.events()] == ["end"]
    assert not any(thread.is_alive() for thread in engine._threads)
    with pytest.raises(UsageError) as caught:
        engine.open()
    assert caught.value.code == "engine.closed"


def test_an_ended_session_takes_no_sound_and_bad_sound_is_refused_at_once() -> None:
    with Engine(scripted_bundle()) as engine:
        session = engine.open()
        with pytest.raises(InputError):
            session.feed(np.zeros((2, 4), np.float32))
        session.end()
        with pytest.raises(UsageError) as caught:
            session.feed(silence(1))
    assert caught.value.code == "session.ended"


def talkative() -> Bundle:
    return scripted_bundle(Script({0: ScriptedReply("abcdefghij" * 12)}))


def first_text(session: EngineSession) -> list[Event]:
    """Read until the reply has begun."""
    read: list[Event] = []
    for event in session.events():
        read.append(event)
        if isinstance(event, ReplyDelta):
            break
    return read


class Gate:
    """Lets the decoder do text steps only one by one."""

    def __init__(self, bundle: Bundle) -> None:
        self.may = threading.Semaphore(0)
        network: Any = bundle.network
        self._logits, self._assistant = network.logits, bundle.config.control.assistant
        network.logits = self.logits

    def logits(self, hidden: Tensor) -> Tensor:
        if int(hidden[0, 0]) != self._assistant:
            assert self.may.acquire(timeout=PATIENCE)
        found: Tensor = self._logits(hidden)
        return found


@pytest.mark.parametrize("stop", [EngineSession.cancel, EngineSession.close])
def test_a_reply_can_be_cancelled(stop: Any) -> None:
    bundle = talkative()
    gate = Gate(bundle)
    with Engine(bundle, EngineLimits(session=Limits(max_reply_tokens=200))) as engine:
        session = engine.open()
        session.feed(silence(1))
        gate.may.release()
        first_text(session)
        stop(session)
        gate.may.release(500)
        session.end()
        rest = list(session.events())
    assert [reason for _, reason in replies(rest)] == ["cancelled"]
    assert isinstance(rest[-1], End)


def test_cancelling_silence_does_nothing_to_the_next_reply() -> None:
    with Engine(scripted_bundle(Script({1: ScriptedReply("Fire!")}))) as engine:
        session = engine.open()
        session.cancel()
        told = [event for said in play(session, silence(2)) for event in said]
    assert replies(told) == [("Fire!", "eos")]


def test_a_cancel_that_comes_with_the_last_token_does_nothing_to_the_next_reply() -> None:
    bundle = scripted_bundle(Script({0: ScriptedReply("A"), 1: ScriptedReply("Fire!")}))
    look_up, eos = bundle.network.logits, bundle.config.control.eos

    def cancelled_meanwhile(hidden: Tensor) -> Tensor:
        logits: Tensor = look_up(hidden)
        if int(logits[0].argmax()) == eos and int(hidden[0, 1]) == 1:
            session.cancel()
        return logits

    bundle.network.logits = cancelled_meanwhile  # type: ignore[method-assign]
    with Engine(bundle) as engine:
        session = engine.open()
        told = [event for said in play(session, silence(2)) for event in said]
    assert replies(told) == [("A", "eos"), ("Fire!", "eos")]


def test_a_threshold_can_change_mid_stream() -> None:
    bundle = scripted_bundle(Script({1: ScriptedReply("Fire!")}, {1: 0.6}))
    with Engine(bundle) as engine:
        session = engine.open(threshold=0.5)
        session.set_threshold(0.7)
        told = [event for said in play(session, silence(2)) for event in said]
        assert replies(told) == [] and decisions(told)[1].p_response == pytest.approx(0.6)
        with pytest.raises(UsageError):
            session.set_threshold(1.5)


def test_a_failing_pass_ends_its_sessions_and_no_other() -> None:
    bundle = scripted_bundle()
    encode = bundle.network.encode

    def failing(mel: Tensor) -> Tensor:
        if float(mel.amax()) > 1.0:
            raise RuntimeError("a fault of the network")
        return encode(mel)

    bundle.network.encode = failing  # type: ignore[method-assign]
    with Engine(bundle, EngineLimits(batch=1)) as engine:
        bad, good = engine.open(), engine.open()
        bad.feed(noise(1) * 5)
        told = list(bad.events())
        good.feed(silence(2))
        good.end()
        assert sum(d.chunks for d in decisions(list(good.events()))) == 2
    assert [e.code for e in told if isinstance(e, Error)] == ["engine.failed"] and isinstance(told[-1], End)
    assert engine.statistics.sessions_failed == 1


def test_an_instruction_for_a_full_window_ends_no_session_of_its_batch() -> None:
    bundle = scripted_bundle(max_chunks=4)
    with Engine(bundle, EngineLimits(batch=2)) as engine:
        full, other = engine.open(), engine.open()
        for session, count in ((full, 4), (other, 1)):
            reader = session.events()
            for _ in range(count):
                session.feed(silence(1))
                assert isinstance(next(reader), Decision)
        with engine.lock:  # so that both wait for one pass
            full.set_instruction("Count the barks")
            for session in (full, other):
                session.feed(silence(1))
        for session in (full, other):
            session.end()
        told = [list(session.events()) for session in (full, other)]
    assert [len(decisions(events)) for events in told] == [1, 1]
    assert not [event for events in told for event in events if isinstance(event, Error)]


def test_a_reader_that_does_not_come_holds_up_only_its_own_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("soundflow.stream.engine_session._OUTBOX_EVENTS", 4)
    with Engine(scripted_bundle(), EngineLimits(session=Limits(queue_chunks=3))) as engine:
        lazy, busy = engine.open(), engine.open()
        reader = busy.events()
        for _ in range(20):
            lazy.feed(silence(1))
            busy.feed(silence(1))
            assert next(reader).type == "decision"
        lazy.end()
        told = list(lazy.events())
    assert [e.code for e in told if isinstance(e, Error)] == ["stream.queue_full"]
    assert isinstance(told[-1], End) and told[-1].chunks == 20


def test_whoever_does_not_wait_is_woken() -> None:
    woken = threading.Semaphore(0)
    with Engine(scripted_bundle(Script({0: ScriptedReply("Fire!")}))) as engine:
        session = engine.open(wake=woken.release)
        session.feed(silence(1))
        session.end()
        told: list[Event] = []
        while not told or told[-1].type != "end":
            assert woken.acquire(timeout=PATIENCE)
            told += session.take()
    assert replies(told) == [("Fire!", "eos")]
    assert session.is_over and session.take() == []


def test_what_was_done_is_counted() -> None:
    with Engine(scripted_bundle(Script({1: ScriptedReply("Hi")}))) as engine:
        for _ in range(2):
            run(engine, [silence(3)])
    counted = engine.statistics
    assert (counted.chunks, counted.responses, counted.sessions_opened, counted.dropped_chunks) == (6, 2, 2, 0)
    assert counted.text_steps == 2 * 3 and engine.latencies.count == counted.silent + counted.responses


def test_one_with_much_to_hear_does_not_keep_the_others_waiting() -> None:
    """Each session gives one chunk to a pass and goes to the end of the line."""
    bundle = scripted_bundle()
    order: list[bool] = []
    started, go_on = threading.Event(), threading.Event()
    encode = bundle.network.encode

    def noted(mel: Tensor) -> Tensor:
        order.append(bool(mel.amax() > mel.amin()))  # only the second session's sound is not flat
        started.set()
        assert go_on.wait(PATIENCE)
        return encode(mel)

    bundle.network.encode = noted  # type: ignore[method-assign]
    with Engine(bundle, EngineLimits(batch=1)) as engine:
        greedy, modest = engine.open(), engine.open()
        greedy.feed(silence(20))
        assert started.wait(PATIENCE)
        modest.feed(noise(2))
        go_on.set()
        for session in (greedy, modest):
            session.end()
            list(session.events())
    assert next(i for i, is_modest in enumerate(order) if is_modest) <= 2 and len(order) == 22


def test_many_short_sessions_leave_nothing_behind() -> None:
    before = threading.active_count()
    with Engine(scripted_bundle(Script({0: ScriptedReply("Hi")})), EngineLimits(sessions=8)) as engine:
        for number in range(200):
            session = engine.open()
            session.feed(silence(1 + number % 2))
            if number % 3:
                session.end()
                assert list(session.events())[-1].type == "end"
            else:
                session.close()
                assert [e.type for e in session.events()][-1] == "end"
        assert engine.sessions == 0 and not engine._to_hear and not engine._to_decode
        assert threading.active_count() <= before + 2
    assert threading.active_count() == before


def test_no_session_sees_what_another_hears(small_bundle: Bundle) -> None:
    """The same stream gives the same events in whatever company."""
    sound = noise(5, seed=1)
    with Engine(small_bundle) as engine:
        (alone,) = run(engine, [sound], threshold=1.0)
        together = run(engine, [noise(5, seed=7) * 9, sound, noise(5, seed=8)], threshold=1.0)[1]
    assert [d.p_response for d in decisions(together)] == pytest.approx(
        [d.p_response for d in decisions(alone)], abs=1e-6
    )


def test_a_wake_that_fails_takes_nobody_with_it() -> None:
    def gone() -> None:
        raise RuntimeError("the loop is closed")

    with Engine(scripted_bundle()) as engine:
        lost, other = engine.open(wake=gone), engine.open()
        lost.feed(silence(1))
        (told,) = list(play(other, silence(1)))[:1]
        assert decisions(told) and decisions([next(lost.events())])


def test_a_queue_that_may_not_overflow_ends_its_session_in_the_middle_of_a_reply() -> None:
    bundle = talkative()
    gate = Gate(bundle)
    limits = Limits(max_reply_tokens=200, queue_chunks=2, queue_overflow="error")
    with Engine(bundle, EngineLimits(session=limits)) as engine:
        session, other = engine.open(), engine.open()
        session.feed(silence(1))
        gate.may.release()
        first_text(session)
        session.feed(silence(6))
        for _ in range(100):  # fewer tokens than the reply has: it is being written when the queue runs over
            if engine.statistics.sessions_failed:
                break
            gate.may.release()
            time.sleep(0.05)  # sound is gathered for half of that before it is heard
        assert engine.statistics.sessions_failed == 1
        gate.may.release(500)
        rest = list(session.events())
        assert sum(d.chunks for said in play(other, silence(0.5)) for d in decisions(said)) == 1
    assert [e.code for e in rest if isinstance(e, Error)] == ["stream.queue_full"]
    assert [reason for _, reason in replies(rest)] == ["cancelled"] and isinstance(rest[-1], End)


def dying(bundle: Bundle, name: str, poison: float = 1.0) -> None:
    """Make a method of the network take its thread with it, as a kill from outside would, for one kind of sound."""
    method = getattr(bundle.network, name)

    def dies(rows: Any, *rest: Any) -> Any:
        if float(rows.amax()) > poison:
            raise SystemExit
        return method(rows, *rest)

    setattr(bundle.network, name, dies)


def test_a_worker_that_dies_is_replaced_and_only_its_own_sessions_are_told() -> None:
    bundle = scripted_bundle()
    dying(bundle, "encode")
    with Engine(bundle, EngineLimits(batch=1)) as engine:
        bad, good = engine.open(), engine.open()
        good.feed(silence(1))
        assert next(good.events()).type == "decision"
        bad.feed(noise(1) * 5)
        told = list(bad.events())
        good.feed(silence(2))
        good.end()
        assert sum(d.chunks for d in decisions(list(good.events()))) == 2
        assert engine.statistics.workers_restarted == 1 and engine.sessions == 0
        again = engine.open()
        again.feed(silence(1))
        assert next(again.events()).type == "decision"
    assert [e.code for e in told if isinstance(e, Error)] == ["engine.worker_died"] and isinstance(told[-1], End)


def test_the_worker_that_decides_may_die_in_the_middle_of_a_reply() -> None:
    bundle = scripted_bundle(Script({0: ScriptedReply("Fire!")}))
    logits, assistant = bundle.network.logits, bundle.config.control.assistant
    deaths = iter([True])

    def dies(hidden: Tensor) -> Tensor:
        if int(hidden[0, 0]) != assistant and next(deaths, False):
            raise SystemExit
        return logits(hidden)

    bundle.network.logits = dies  # type: ignore[method-assign]
    with Engine(bundle) as engine:
        session = engine.open()
        session.feed(silence(1))
        told = list(session.events())
        (after,) = run(engine, [silence(1)])
    assert [e.code for e in told if isinstance(e, Error)] == ["engine.worker_died"] and isinstance(told[-1], End)
    assert replies(after) == [("Fire!", "eos")]


def test_synchronous_hears_nothing_while_it_speaks_and_loses_nothing() -> None:
    bundle = scripted_bundle(Script({0: ScriptedReply("abc"), 3: ScriptedReply("d")}))
    gate = Gate(bundle)
    with Engine(bundle, EngineLimits(policy="synchronous")) as engine:
        session = engine.open()
        session.feed(silence(4))
        gate.may.release()
        first_text(session)
        assert engine.statistics.chunks == 1 and session.waiting_chunks == engine.waiting_chunks == 3
        gate.may.release(500)
        session.end()
        rest = list(session.events())
    assert [d.chunks for d in decisions(rest)] == [1, 1, 1], "each chunk is decided by itself"
    assert replies(rest) == [("abc", "eos"), ("d", "eos")]


def test_pop_one_decides_what_waited_one_by_one() -> None:
    bundle = scripted_bundle(Script({0: ScriptedReply("abc")}))
    gate = Gate(bundle)
    with Engine(bundle, EngineLimits(policy="pop_one")) as engine:
        session = engine.open()
        session.feed(silence(1))
        gate.may.release()
        first_text(session)
        session.feed(silence(3))
        gate.may.release(500)
        session.end()
        rest = list(session.events())
    assert [d.chunks for d in decisions(rest)] == [1, 1, 1]


def test_sound_that_nobody_heard_is_counted_in_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("soundflow.stream.engine_session._INBOX_SECONDS", 0.5)
    bundle = scripted_bundle()
    started, go_on = threading.Event(), threading.Event()
    encode = bundle.network.encode

    def waiting(mel: Tensor) -> Tensor:
        started.set()
        assert go_on.wait(PATIENCE)
        return encode(mel)

    bundle.network.encode = waiting  # type: ignore[method-assign]
    with Engine(bundle) as engine:
        session = engine.open()
        session.feed(silence(1))
        assert started.wait(PATIENCE)
        for _ in range(3):
            session.feed(silence(1))
        go_on.set()
        session.end()
        told = list(session.events())
        assert engine.statistics.dropped_seconds == pytest.approx(0.8)
    assert [e.code for e in told if isinstance(e, Error)] == ["stream.inbox_full"]


def test_a_clock_that_jumps_makes_late_figures_and_nothing_else() -> None:
    clock = FakeClock()
    with Engine(scripted_bundle(Script({3: ScriptedReply("Fire!")})), clock=clock) as engine:
        session = engine.open()
        playing = play(session, silence(4))
        told: list[Event] = []
        for jump in (3600.0, -7200.0, 86_400.0, 0.0, 0.0):
            told += next(playing)
            clock.advance(jump)
    assert sum(d.chunks for d in decisions(told)) == 4 and replies(told) == [("Fire!", "eos")]
    assert isinstance(told[-1], End) and engine.statistics.dropped_seconds == 0


def test_a_session_that_is_over_is_forgotten_at_once() -> None:
    """Its window is megabytes large: it must not wait for a garbage collector, nor for the next pass."""
    gone = threading.Event()
    gc.disable()
    try:
        with Engine(scripted_bundle(Script({0: ScriptedReply("Hi")}))) as engine:
            session = engine.open()
            weakref.finalize(session, gone.set)
            session.feed(silence(2))
            session.end()
            assert list(session.events())[-1].type == "end"
            del session
            assert gone.wait(PATIENCE)
    finally:
        gc.enable()
