"""A long stream in one session: the same events at its opening and its closing."""

from __future__ import annotations

from array import array
from pathlib import Path
from typing import Any

import pytest

from soundflow.audio.decode import read_audio
from soundflow.bench.listening import Setting
from soundflow.bench.scoring import SpokenReply
from soundflow.bench.soak import (
    Soaked,
    SoakStream,
    accuracy,
    course,
    during,
    hear_soak,
    joined,
    judge,
    verdict,
    write_soak,
)
from soundflow.bench.timing import Stopwatch
from soundflow.data.clips import ClipStore
from soundflow.errors import UsageError
from soundflow.testing.model import Script, ScriptedReply, scripted_bundle
from tests.bench.streams import event, timeline

# Two streams of 20 s are the excerpt: a siren that calls from 2 to 6 s, a cow to be ignored from 30 to 31 s.
# 60 s of other streams lie between, so it is played again from 100 s on.
EXCERPT = joined([timeline(event(2, 6, "respond")), timeline(event(10, 11, "ignore", "cow", recording="q"))])
STREAM = SoakStream(EXCERPT, closing_at=100.0, seconds=140.0)


def test_streams_are_joined_with_their_times_moved() -> None:
    assert EXCERPT.seconds == 40
    assert [(e.onset, e.end, e.cue) for e in EXCERPT.events] == [(2, 6, 3.6), (30, 31, 31)]


def test_the_same_events_are_judged_twice() -> None:
    # right at the opening (4.0 s); at the closing too late (105.6 s is 5.6 s in) and the cow disturbed (130.8 s)
    pairs = judge(STREAM, [SpokenReply(4.0), SpokenReply(60.0), SpokenReply(105.6), SpokenReply(130.8)], {})
    assert [event.right for event in pairs.opening] == [True, True]
    assert [event.right for event in pairs.closing] == [False, False]
    found = accuracy(pairs, [EXCERPT])
    assert (found["events"], found["became_right"], found["became_wrong"]) == (2, 0, 2)
    assert found["opening"]["trigger_accuracy"]["value"] == 1 and found["closing"]["trigger_accuracy"]["value"] == 0
    assert found["points_gained"] == {"value": -100, "low": -100, "high": -100}
    assert found["always_silent"]["trigger_accuracy"]["value"] == 0.5


def test_a_reply_on_the_border_belongs_to_what_ends_there() -> None:
    replies = [SpokenReply(100.0, "before"), SpokenReply(100.4, "first"), SpokenReply(140.0, "last")]
    assert during(replies, 100.0, 40.0) == [SpokenReply(0.4, "first"), SpokenReply(40.0, "last")]


def test_growth_is_measured_on_the_same_sound() -> None:
    stream = SoakStream(timeline(seconds=120.0), closing_at=240.0, seconds=360.0)  # six minutes of 150 chunks
    watch = Stopwatch()
    watch.cpu_ms = array("d", [10.0] * 150 + [50.0] * 450 + [10.5] * 150 + [30.0] * 150)
    watch.wall_ms = array("d", [2 * ms for ms in watch.cpu_ms])
    spoke = bytearray(900)
    spoke[600:650] = b"\1" * 50  # at the closing it speaks fifty times, which takes long
    watch.cpu_ms[600:650] = array("d", [99.0] * 50)
    found = course(stream, Soaked((), watch, spoke, (200.0, 201.0, 202.0, 203.0, 204.0, 230.0)))
    assert found["p95_growth"] == 1.05 and found["memory_growth"] == 1.15
    assert found["p95_growth_all_in"] == 9.9 and found["same_minute_again"]["replies"] == 50
    assert found["first_minute"]["p95_ms"] == 20 and found["same_minute_again"]["cpu_p50_ms"] == 10.5
    assert found["last_minute"]["cpu_p50_ms"] == 30
    assert (found["minutes"], found["again_after_minutes"]) == (6, 4)
    points: dict[str, Any] = {"points_gained": {"value": -2.0}}
    assert verdict([found], points) == {"p95": True, "memory": False, "accuracy": True}
    assert verdict([found | {"p95_growth": 1.11}], points)["p95"] is False
    assert verdict([found | {"memory_growth": None}], points)["memory"] is None
    assert verdict([found], {"points_gained": {"value": -2.1}})["accuracy"] is False


def test_a_file_begins_and_ends_with_the_excerpt(store: ClipStore, tmp_path: Path) -> None:
    stream = write_soak(Setting(store, "test", seed=1), 2.0, 0.3, tmp_path / "soak.wav")
    samples = read_audio(tmp_path / "soak.wav")
    assert len(samples) == round(stream.seconds * 16_000) and stream.seconds >= 120
    size, at = round(stream.excerpt.seconds * 16_000), round(stream.closing_at * 16_000)
    assert at % 6400 == 0 and at >= 2 * size, "on a chunk's border, behind other streams"
    assert samples[:size].tobytes() == samples[at:].tobytes()
    assert samples[size : 2 * size].tobytes() != samples[:size].tobytes()


def test_one_session_hears_all_of_it(store: ClipStore, tmp_path: Path) -> None:
    stream = write_soak(Setting(store, "test", seed=1), 1.5, 0.3, tmp_path / "soak.wav")
    chunks = round(stream.seconds / 0.4)
    last = chunks - 2
    heard = hear_soak(scripted_bundle(Script({last: ScriptedReply("That is a siren.")})), tmp_path / "soak.wav")
    assert heard.replies == (SpokenReply(round(0.4 * (last + 1), 6), "That is a siren."),)
    assert len(heard.watch.wall_ms) == len(heard.spoke) == chunks and len(heard.resident_mb) == 1
    assert [k for k, is_spoken in enumerate(heard.spoke) if is_spoken] == [last]
    found = accuracy(judge(stream, heard.replies, {}), [stream.excerpt])
    assert found["events"] == len(stream.excerpt.events)


@pytest.mark.parametrize(("minutes", "excerpt"), [(9.0, 5.0), (0.0, 0.0), (5.0, -1.0)])
def test_an_excerpt_must_fit_twice(store: ClipStore, tmp_path: Path, minutes: float, excerpt: float) -> None:
    with pytest.raises(UsageError):
        write_soak(Setting(store, "test", seed=1), minutes, excerpt, tmp_path / "soak.wav")
