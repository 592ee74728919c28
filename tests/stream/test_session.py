"""Sessions on scripted and small real models."""

from __future__ import annotations

import resource
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soundflow.errors import InputError, OutsideError, UsageError
from soundflow.model.bundle import Bundle
from soundflow.stream.clock import CostTable, SimulatedClock
from soundflow.stream.events import Decision, End, Error, Event, Memory, ReplyDelta, ReplyEnd, ReplyStart
from soundflow.stream.session import Limits, Session
from soundflow.testing.clock import FakeClock
from soundflow.testing.model import Script, ScriptedReply, caches_of, scripted_bundle
from tests.stream.conftest import CHUNK, noise

COSTS = CostTable("toy", 10.0, ((1, 30.0), (2, 40.0)), 100.0)
SCRIPT = Script({2: ScriptedReply("Smoke: open a window.", "urgent"), 5: ScriptedReply("Ünïcödé 😀")})


def run(session: Session, chunks: float) -> list[Event]:
    return session.feed(np.zeros(round(chunks * CHUNK), np.float32)) + session.end()


def of(kind: type[Event], events: list[Event]) -> list[Event]:
    return [e for e in events if isinstance(e, kind)]


def without_times(events: list[Event]) -> list[dict[str, object]]:
    timed = ("latency_ms", "first_text_ms", "latency_ms_p50", "latency_ms_p95", "real_time_factor")
    return [{k: v for k, v in e.to_dict().items() if k not in timed} for e in events]


def test_a_stream_told_from_start_to_end() -> None:
    events = run(Session(scripted_bundle(SCRIPT)), 7.5)
    decisions = of(Decision, events)
    assert [d.chunk for d in decisions if isinstance(d, Decision)] == list(range(8))
    assert [d.chunk for d in decisions if isinstance(d, Decision) and d.decision == "response"] == [2, 5]
    first, second = of(ReplyStart, events)
    assert first == ReplyStart(0, 2, 1.2, "urgent")
    assert second == ReplyStart(1, 5, 2.4, None)
    ends = of(ReplyEnd, events)
    assert [(e.text, e.emotion, e.reason) for e in ends if isinstance(e, ReplyEnd)] == [
        ("Smoke: open a window.", "urgent", "eos"),
        ("Ünïcödé 😀", None, "eos"),
    ]
    for end in ends:
        assert isinstance(end, ReplyEnd)
        deltas = [e.text for e in events if isinstance(e, ReplyDelta) and e.reply == end.reply]
        assert "".join(deltas) == end.text and all(deltas)
    last = events[-1]
    assert isinstance(last, End)
    assert (last.seconds, last.chunks, last.replies) == (3.0, 8, 2)


@settings(max_examples=20)
@given(st.lists(st.integers(0, 20_000), max_size=8))
def test_events_do_not_depend_on_how_sound_was_cut(sizes: list[int]) -> None:
    whole, cut = Session(scripted_bundle(SCRIPT)), Session(scripted_bundle(SCRIPT))
    sound = np.zeros(sum(sizes), np.float32)
    expected = whole.feed(sound) + whole.end()
    events: list[Event] = []
    for size, end in zip(sizes, np.cumsum(sizes), strict=True):
        events += cut.feed(sound[end - size : end])
    assert without_times(events + cut.end()) == without_times(expected)


def test_a_real_network_gives_the_same_events_however_sound_was_cut(small_bundle: Bundle) -> None:
    sound = noise(12)
    whole, cut = Session(small_bundle, threshold=0.5), Session(small_bundle, threshold=0.5)
    expected = whole.feed(sound) + whole.end()
    events = [e for i in range(0, len(sound), 1777) for e in cut.feed(sound[i : i + 1777])] + cut.end()
    assert without_times(events) == without_times(expected)


def test_latency_runs_from_the_last_sample_to_the_decision() -> None:
    clock = FakeClock(step=0.001)
    session = Session(scripted_bundle(), clock=clock)
    session.feed(np.zeros(CHUNK - 1, np.float32))
    clock.advance(100.0)
    (decision,) = session.feed(np.zeros(1, np.float32))
    assert isinstance(decision, Decision)
    assert decision.latency_ms == pytest.approx(1.0)


def test_on_a_simulated_clock_chunks_queue_while_a_reply_is_spoken() -> None:
    script = Script({0: ScriptedReply("123456789")})
    events = run(Session(scripted_bundle(script), clock=SimulatedClock(COSTS)), 4)
    decisions = [e for e in events if isinstance(e, Decision)]
    assert [(d.chunk, d.chunks, round(d.latency_ms, 6)) for d in decisions] == [(0, 1, 40), (2, 2, 280), (3, 1, 40)]
    assert (decisions[1].start, decisions[1].end) == (0.4, 1.2)
    (end,) = of(ReplyEnd, events)
    assert isinstance(end, ReplyEnd) and end.first_text_ms == pytest.approx(140.0)
    last = events[-1]
    assert isinstance(last, End) and last.real_time_factor == pytest.approx((40 + 100 + 1000) / 1600)


@pytest.mark.parametrize(("policy", "chunks"), [("pop_one", [1, 1, 1, 1]), ("synchronous", [1, 1, 1, 1])])
def test_the_baselines_decide_each_chunk_alone(policy: str, chunks: list[int]) -> None:
    script = Script({0: ScriptedReply("123456789")})
    session = Session(scripted_bundle(script), clock=SimulatedClock(COSTS), policy=policy)  # type: ignore[arg-type]
    assert [e.chunks for e in run(session, 4) if isinstance(e, Decision)] == chunks


def test_the_baselines_need_simulated_time() -> None:
    with pytest.raises(UsageError):
        Session(scripted_bundle(), policy="synchronous")


def test_the_forced_silence_of_a_flush_stands_in_the_context() -> None:
    bundle = scripted_bundle(Script({0: ScriptedReply("123456789")}))
    run(Session(bundle, clock=SimulatedClock(COSTS)), 4)
    cache = caches_of(bundle)[0]
    control = bundle.config.control
    fed = [i for i in cache.fed if i in (control.silent, control.response, control.assistant, control.eos)]
    s, r, a, e = control.silent, control.response, control.assistant, control.eos
    assert fed == [e, a, r, e, a, s, a, s, a]
    block = bundle.config.audio_positions + 3
    assert block * 2 in cache.passes, "a flush of two is one forward pass"


def test_the_threshold_decides() -> None:
    script = Script(p_response={0: 0.3, 1: 0.6})
    at = {
        threshold: [
            e.decision for e in run(Session(scripted_bundle(script), threshold=threshold), 2) if isinstance(e, Decision)
        ]
        for threshold in (0.2, 0.5, 0.7)
    }
    assert at == {0.2: ["response", "response"], 0.5: ["silent", "response"], 0.7: ["silent", "silent"]}


@pytest.mark.parametrize(
    ("reply", "limit", "reason", "tokens"),
    [
        (ScriptedReply("abcdefghij"), 4, "length", 4),
        (ScriptedReply("abcd"), 4, "eos", 4),
        (ScriptedReply("ab", never_ends=True), 64, "repetition", 6),
        (ScriptedReply("The quick brown", never_ends=True), 20, "length", 20),
    ],
)
def test_runaway_replies_end(reply: ScriptedReply, limit: int, reason: str, tokens: int) -> None:
    session = Session(scripted_bundle(Script({0: reply})), limits=Limits(max_reply_tokens=limit))
    events = run(session, 2)
    (end,) = of(ReplyEnd, events)
    assert isinstance(end, ReplyEnd) and (end.reason, end.tokens) == (reason, tokens)
    assert [e.decision for e in events if isinstance(e, Decision)] == ["response", "silent"]


def test_a_long_stream_forgets_in_quarters_and_never_outgrows_its_cache() -> None:
    replies = {c: ScriptedReply("Yes.") for c in range(0, 400, 7)}
    bundle = scripted_bundle(Script(replies), max_chunks=20)
    events = run(Session(bundle), 400)
    memories = [e for e in events if isinstance(e, Memory)]
    assert {e.seconds for e in memories} == {2.0}
    assert len(memories) == (400 - 20) // 5
    assert sum(e.turns for e in memories) == pytest.approx((400 - 20) / 7, abs=2)
    cache = caches_of(bundle)[0]
    assert cache.length <= cache.capacity
    prefix = len(bundle.grammar.prefix(None))
    assert {start for start, _ in cache.evictions} == {prefix}


def test_memory_stays_flat_over_a_long_stream(small_bundle: Bundle) -> None:
    session = Session(small_bundle, threshold=1.0)
    sound = noise(20)
    for _ in range(5):
        session.feed(sound)
    tracemalloc.start()
    session.feed(sound)
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(20):
        session.feed(sound)
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 20_000, "400 chunks may not leave 50 bytes each behind"


def test_a_slow_decoder_drops_old_chunks_and_says_so() -> None:
    script = Script({0: ScriptedReply("the quick brown fox jumps over a lazy dog or two")})
    session = Session(scripted_bundle(script), clock=SimulatedClock(COSTS), limits=Limits(queue_chunks=3))
    events = run(session, 16)
    errors = of(Error, events)
    assert [e.code for e in errors if isinstance(e, Error)] == ["stream.queue_full"]
    flushed = [e for e in events if isinstance(e, Decision) and e.chunks > 1]
    assert [(e.chunk, e.chunks) for e in flushed] == [(12, 3)]


def test_a_slow_decoder_may_be_an_error_instead() -> None:
    script = Script({0: ScriptedReply("the quick brown fox jumps over a lazy dog or two")})
    limits = Limits(queue_chunks=3, queue_overflow="error")
    with pytest.raises(OutsideError):
        run(Session(scripted_bundle(script), clock=SimulatedClock(COSTS), limits=limits), 16)


def test_an_empty_stream_is_just_its_end() -> None:
    session = Session(scripted_bundle())
    assert session.end() == [End(0.0, 0, 0, None, None, None)]


def test_an_ended_session_takes_nothing_more() -> None:
    with Session(scripted_bundle()) as session:
        session.feed(np.zeros(10, np.float32))
    for call in (session.end, lambda: session.feed(np.zeros(1, np.float32))):
        with pytest.raises(UsageError) as caught:
            call()
        assert caught.value.code == "session.ended"


def test_bad_sound_and_bad_limits_are_named() -> None:
    with pytest.raises(InputError):
        Session(scripted_bundle()).feed(np.zeros((2, 100), np.float32))
    for tokens in (0, 10**9):
        with pytest.raises(UsageError):
            Session(scripted_bundle(), limits=Limits(max_reply_tokens=tokens))
    with pytest.raises(UsageError):
        Session(scripted_bundle(), "word " * 1000)
    with pytest.raises(UsageError):
        Session(scripted_bundle(), threshold=2.0)


def test_two_sessions_on_one_model_do_not_mix(small_bundle: Bundle) -> None:
    alone, first, second = (Session(small_bundle) for _ in range(3))
    expected = alone.feed(noise(6)) + alone.end()
    mixed: list[Event] = []
    for i in range(6):
        mixed += first.feed(noise(6)[i * CHUNK : (i + 1) * CHUNK])
        second.feed(noise(1, seed=i + 9))
    assert without_times(mixed + first.end()) == without_times(expected)


def median_ms(events: list[Event]) -> float:
    return float(np.median([event.latency_ms for event in events if isinstance(event, Decision)]))


@pytest.mark.slow
def test_an_hour_of_stream_is_as_fast_and_as_small_at_its_end(small_bundle: Bundle) -> None:
    old, young = (Session(small_bundle, threshold=0.5) for _ in range(2))
    minute = noise(150)
    sizes = []
    for _ in range(60):
        old.feed(minute)
        sizes.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    assert sizes[-1] < 1.1 * sizes[4]
    young.feed(minute)  # as full as a window gets
    both = [(median_ms(old.feed(minute)), median_ms(young.feed(minute))) for _ in range(10)]
    assert np.median([late / early for late, early in both]) < 1.5
