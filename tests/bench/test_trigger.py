"""`bench trigger`: figures worked out by hand, then models whose words are written beforehand, over tones."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soundflow.bench.bootstrap import NOTHING
from soundflow.bench.listening import Job, Setting, compose_job
from soundflow.bench.scoring import EventResult, SpokenReply
from soundflow.bench.trigger import at_every_chunk, per_label, rates, report, run_trigger
from soundflow.data.clips import ClipStore
from soundflow.data.timeline import chunk_of
from soundflow.errors import InputError, UsageError
from soundflow.testing.model import Script, ScriptedReply, scripted_bundle
from tests.bench.streams import ALWAYS, event, timeline

# Two streams judged by hand. A RESPOND event is answered in [onset, cue + 1.6], an IGNORE event disturbed in
# [onset, end + 0.8]:
#
#   stream 1   siren 2-6      window 2.0-5.2     4.0 answers it and names it; 5.0 is a second answer: stray
#              cow 8-9        window 8.0-9.8     9.6 disturbs it
#              siren 12-13    window 12.0-14.6   14.8 comes too late: missed, and stray
#              rain 16-18     open               17.0 counts for nothing
#   stream 2   dog 1-3        window 1.0-3.8     0.8 is before it: stray, and the dog is left alone
#              glass 10-10.5  window 10.0-12.1   11.2 answers it without naming it
NAMES = {"siren": ("siren",), "glass": ("breaking glass",)}
HEARD = [
    (
        timeline(
            event(2, 6, "respond", "siren", "r1"),
            event(8, 9, "ignore", "cow", "r2"),
            event(12, 13, "respond", "siren", "r1"),
            event(16, 18, "open", "rain", "r3"),
        ),
        [
            SpokenReply(4.0, "That is a siren."),
            SpokenReply(5.0, "It goes on."),
            SpokenReply(9.6, "That is a siren."),
            SpokenReply(14.8, "That is a siren."),
            SpokenReply(17.0, "That is a siren."),
        ],
    ),
    (
        timeline(event(1, 3, "ignore", "dog", "r4"), event(10, 10.5, "respond", "glass", "r5")),
        [SpokenReply(0.8, "Hello."), SpokenReply(11.2, "Something fell.")],
    ),
]


def test_every_figure_by_hand() -> None:
    found = report(HEARD, NAMES, {}, {})
    assert (found.streams, found.events, found.recordings) == (2, 5, 4)  # rain is no event, and r1 sounds twice
    assert found.hours == pytest.approx(40 / 3600)
    assert found.recall.value == pytest.approx(2 / 3)  # one of two sirens, and the glass
    assert found.specificity.value == pytest.approx(1 / 2)  # the dog, not the cow
    assert found.balanced_accuracy.value == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert found.trigger_accuracy.value == pytest.approx(3 / 5)
    assert found.named.value == pytest.approx(1 / 2)  # of the two right replies one says what it is
    assert found.about["stray_per_hour_in_streams"]["value"] == pytest.approx(3 / 40 * 3600)


def test_every_label_by_hand() -> None:
    rows = report(HEARD, NAMES, {}, {}).per_label
    assert list(rows) == ["cow", "dog", "glass", "siren"]
    assert {label: (row["n"], row["right"]) for label, row in rows.items()} == {
        "cow": (1, 0),
        "dog": (1, 1),
        "glass": (1, 1),
        "siren": (2, 1),
    }
    assert [row["decision"] for row in rows.values()] == ["ignore", "ignore", "respond", "respond"]
    assert [row["rate"]["value"] for row in rows.values()] == [0, 1, 1, 0.5]
    assert [row["named"]["value"] for row in rows.values()] == [None, None, 0, 1]


def test_trivial_answers_by_hand() -> None:
    found = report(HEARD, NAMES, {}, {}).trivial
    silent, always = found["always_silent"], found["always_respond"]
    assert (silent["recall"]["value"], silent["specificity"]["value"]) == (0, 1)
    assert (always["recall"]["value"], always["specificity"]["value"]) == (1, 0)
    assert silent["balanced_accuracy"]["value"] == always["balanced_accuracy"]["value"] == 0.5
    assert silent["trigger_accuracy"]["value"] == pytest.approx(2 / 5)
    assert always["trigger_accuracy"]["value"] == pytest.approx(3 / 5)
    assert silent["stray_per_hour"] == 0 and always["stray_per_hour"] == 9000  # 2.5 chunks a second


def test_a_label_that_calls_only_under_some_instruction_is_mixed() -> None:
    both = [EventResult("dog", "r", True, True, True), EventResult("dog", "r", False, False)]
    assert per_label(both)["dog"]["decision"] == "mixed"


def test_generated_sounds_are_told_apart() -> None:
    made, real = event(1, 2, "respond", synthetic=True), event(8, 9, "respond", recording="q")
    found = report([(timeline(made, real), [SpokenReply(2.0)])], {}, {}, {})
    assert found.recall.value == 0.5
    assert found.about["synthetic_events"] == 1 and found.about["real_only"]["recall"]["value"] == 0
    assert "real_only" not in report(HEARD, NAMES, {}, {}).about


def test_always_respond_speaks_at_the_end_of_every_chunk() -> None:
    at = [reply.at for reply in at_every_chunk(timeline(seconds=16.0))]
    assert len(at) == 40 and at[0] == 0.4 and at[-1] == 16.0


results = st.builds(
    lambda responds, right, named, recording: EventResult(
        "x", recording, responds, right, named and responds and right
    ),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.sampled_from("abcdef"),
)


@settings(max_examples=25)
@given(st.lists(results, min_size=1, max_size=12), st.randoms())
def test_rates_agree_with_each_other_whatever_the_order(events: list[EventResult], chance: random.Random) -> None:
    found = rates(events)
    for rate in found.values():
        values = (rate.low, rate.value, rate.high)
        assert values == (None, None, None) or all(v is not None and 0 <= v <= 1 for v in values)
    recall, specificity = found["recall"].value, found["specificity"].value
    assert (recall is None) == (not any(e.responds for e in events))
    if recall is not None and specificity is not None:
        assert found["balanced_accuracy"].value == pytest.approx((recall + specificity) / 2)
    else:
        assert found["balanced_accuracy"].value is None and found["trigger_accuracy"].value is not None
    assert rates(chance.sample(events, len(events))) == found


def test_a_silent_and_a_talkative_model_score_what_the_trivial_rows_say(store: ClipStore) -> None:
    setting = Setting(store, "test", seed=3)
    silent = run_trigger(scripted_bundle(), setting, streams=4, stray_hours=0.0)
    talking = run_trigger(scripted_bundle(ALWAYS), setting, streams=4, stray_hours=0.0)
    assert (silent.recall.value, silent.specificity.value) == (0, 1)
    assert (talking.recall.value, talking.specificity.value) == (1, 0)
    assert talking.named.value == 1.0
    assert silent.streams == 4 and silent.events == talking.events > 0


def test_a_model_that_answers_at_every_cue_is_right_everywhere(store: ClipStore) -> None:
    setting = Setting(store, "test", seed=5)
    made = compose_job(setting, Job("streams", 0)).timeline
    due = {chunk_of(e.cue, 0.4): ScriptedReply("Siren.") for e in made.events if e.decision == "respond"}
    found = run_trigger(scripted_bundle(Script(due)), setting, streams=1, stray_hours=0.0)
    assert found.trigger_accuracy.value == found.named.value == 1.0


def test_kinds_that_are_not_there_say_so(store: ClipStore) -> None:
    found = run_trigger(scripted_bundle(), Setting(store, "test", seed=0), streams=1, stray_hours=1 / 60)
    assert found.stray_per_hour["background"].replies == 0 and found.stray_per_hour["background"].hours > 0
    assert found.stray_per_hour["speech"].rate == NOTHING and "speech" in str(found.stray_per_hour["speech"].reason)


def test_unusable_requests_are_one_line(store: ClipStore) -> None:
    with pytest.raises(InputError, match="no split 'train'"):
        run_trigger(scripted_bundle(), Setting(store, "train", seed=0), streams=1)
    with pytest.raises(UsageError, match="0 streams"):
        run_trigger(scripted_bundle(), Setting(store, "test", seed=0), streams=0)
