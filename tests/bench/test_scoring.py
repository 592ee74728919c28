"""Trigger accuracy on timelines small enough to be judged by hand (ruling 11)."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundflow.bench.scoring import SpokenReply, charge_responses, score_stream
from soundflow.data.timeline import Decision, StreamEvent
from tests.bench.streams import event, timeline

NAMES = {"siren": ("siren", "emergency vehicle"), "cow": ("cow",)}


def said(*times: float, text: str = "That is a siren.") -> list[SpokenReply]:
    """One reply at each time."""
    return [SpokenReply(at, text) for at in times]


# A siren from 2 to 6 s has its cue at 3.6 s, so it may be answered from 2.0 to 5.2 s.
@pytest.mark.parametrize(("at", "is_right"), [(1.9, False), (2.0, True), (5.2, True), (5.3, False)])
def test_a_sound_that_calls_is_answered_between_onset_and_cue_plus_1_6(at: float, is_right: bool) -> None:
    found = score_stream(timeline(event(2.0, 6.0, "respond")), said(at), NAMES)
    assert found.events[0].right is is_right
    assert found.stray == (() if is_right else (at,))


# A cow from 2 to 6 s must be left alone from 2.0 to 6.8 s.
@pytest.mark.parametrize(("at", "is_right"), [(1.9, True), (2.0, False), (6.8, False), (6.9, True)])
def test_a_sound_to_be_ignored_is_left_alone_until_0_8_after_its_end(at: float, is_right: bool) -> None:
    found = score_stream(timeline(event(2.0, 6.0, "ignore", "cow")), said(at), NAMES)
    assert found.events[0].right is is_right
    assert found.stray == ((at,) if is_right else ())


def test_silence_is_right_at_what_is_ignored_and_wrong_at_what_calls() -> None:
    found = score_stream(timeline(event(1, 2, "respond"), event(4, 5, "ignore", "cow")), [], NAMES)
    assert [(e.responds, e.right) for e in found.events] == [(True, False), (False, True)]
    assert found.stray == ()


def test_a_reply_answers_a_call_first_and_is_not_charged_twice() -> None:
    # the siren's window ends at 4.6 s, the cow sounds from 4.0 s: one reply at 4.2 s belongs to the siren
    stream = timeline(event(2, 3, "respond"), event(4.0, 5.0, "ignore", "cow"))
    assert [e.right for e in score_stream(stream, said(4.2), NAMES).events] == [True, True]
    assert [e.right for e in score_stream(stream, said(2.4, 4.2), NAMES).events] == [True, False]


def test_a_second_answer_to_the_same_sound_is_stray() -> None:
    assert score_stream(timeline(event(2, 6, "respond")), said(3.6, 4.4), NAMES).stray == (4.4,)


def test_open_sounds_are_neither_right_nor_wrong() -> None:
    found = score_stream(timeline(event(2, 6, "open", "rain")), said(3.6), NAMES)
    assert found.events == () and found.stray == ()


def test_only_right_replies_are_asked_for_a_name() -> None:
    stream = timeline(event(2, 6, "respond"), event(9, 10, "ignore", "cow"))
    assert score_stream(stream, said(3.6, text="An emergency vehicle is close."), NAMES).events[0].named is True
    assert score_stream(stream, said(3.6, text="I hear a cow."), NAMES).events[0].named is False
    assert [e.named for e in score_stream(stream, [], NAMES).events] == [None, None]


def test_two_calls_take_the_replies_that_make_both_right() -> None:
    # windows [0, 3.2] and [1, 4.2]: the early reply must go to the early call
    events = (event(0, 2, "respond"), event(1, 3, "respond"))
    assert charge_responses(events, said(2.0, 4.0)) == {0: 0, 1: 1}


times = st.integers(0, 100).map(lambda k: k * 0.2)
decisions: st.SearchStrategy[Decision] = st.sampled_from(["respond", "ignore", "open"])
some_events = st.lists(
    st.builds(lambda a, d, what: event(a, a + d, what), times, st.floats(0.2, 5), decisions), max_size=5
)


@given(some_events, st.lists(times, max_size=8))
def test_every_reply_is_charged_once_at_most(events: list[StreamEvent], at: list[float]) -> None:
    found = score_stream(timeline(*events, seconds=30), said(*sorted(at)), NAMES)
    answered = sum(e.responds and e.right for e in found.events)
    disturbed = sum(not e.responds and not e.right for e in found.events)
    assert answered + disturbed + len(found.stray) <= len(at)
    assert len(found.events) == sum(e.decision != "open" for e in events)


@given(some_events)
def test_always_silent_has_no_recall_and_full_specificity(events: list[StreamEvent]) -> None:
    assert all(e.right is not e.responds for e in score_stream(timeline(*events, seconds=30), [], NAMES).events)


@given(some_events, st.lists(times, max_size=8))
def test_no_other_charging_makes_more_events_right(events: list[StreamEvent], at: list[float]) -> None:
    calls = [e for e in events if e.decision == "respond"]
    inside = [[k for k, t in enumerate(at) if e.onset - 1e-6 <= t <= e.cue + 1.6 + 1e-6] for e in calls]
    taken: dict[int, int] = {}  # reply → call; the textbook's augmenting paths

    def finds_one(call: int, seen: set[int]) -> bool:
        for reply in inside[call]:
            if reply not in seen:
                seen.add(reply)
                if reply not in taken or finds_one(taken[reply], seen):
                    taken[reply] = call
                    return True
        return False

    most = sum(finds_one(call, set()) for call in range(len(calls)))
    assert len(charge_responses(events, said(*at))) == most


@given(some_events, st.lists(times, max_size=8), st.randoms(), st.integers(1, 50))
def test_neither_the_order_of_replies_nor_the_start_of_the_clock_matters(
    events: list[StreamEvent], at: list[float], chance: random.Random, seconds: int
) -> None:
    before = score_stream(timeline(*events, seconds=30), said(*at), NAMES)
    moved = [replace(e, onset=e.onset + seconds, end=e.end + seconds, cue=e.cue + seconds) for e in events]
    later = [t + seconds for t in chance.sample(at, len(at))]
    after = score_stream(timeline(*moved, seconds=90), said(*later), NAMES)
    assert after.events == before.events
    assert sorted(after.stray) == pytest.approx(sorted(t + seconds for t in before.stray))
