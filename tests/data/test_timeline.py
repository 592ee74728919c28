"""Timelines: which chunk a reply is due in, and JSON there and back."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soundflow.data.timeline import (
    SAMPLE_RATE,
    NoiseTrack,
    Reply,
    StreamEvent,
    Timeline,
    Turn,
    chunk_of,
    chunks_with,
    cue_of,
    joined,
    said_of,
    write_timeline,
)
from soundflow.errors import InputError

SECONDS = st.integers(0, 100 * SAMPLE_RATE).map(lambda n: n / SAMPLE_RATE)
DECIBELS = st.floats(-120, 120)
TEXT = st.text(max_size=8)
REPLIES = st.none() | st.builds(Reply, TEXT, st.none() | TEXT)
EVENTS = st.builds(
    StreamEvent,
    onset=SECONDS,
    end=SECONDS,
    cue=SECONDS,
    label=TEXT,
    kind=TEXT,
    role=st.sampled_from(["foreground", "background", "ambient"]),
    decision=st.sampled_from(["respond", "ignore", "open"]),
    reply=REPLIES,
    clip=TEXT,
    recording=TEXT,
    licence=TEXT,
    source=TEXT,
    gain_db=DECIBELS,
    clip_offset=SECONDS,
    synthetic=st.booleans(),
)
NOISE = st.builds(
    NoiseTrack,
    *[TEXT] * 5,
    kind=st.sampled_from(["event", "ambient"]),
    snr_db=DECIBELS,
    gain_db=DECIBELS,
    clip_offset=SECONDS,
)
TIMELINES = st.builds(
    Timeline,
    seconds=SECONDS,
    chunk_seconds=st.sampled_from([0.2, 0.4, 0.8]),
    instruction=st.none() | TEXT,
    task=TEXT,
    events=st.lists(EVENTS, max_size=3).map(tuple),
    noise=st.lists(NOISE, max_size=2).map(tuple),
    scale_db=st.floats(-60, 0),
)
BARK = StreamEvent(
    onset=1.0,
    end=2.0,
    cue=2.0,
    label="dog",
    kind="event",
    role="foreground",
    decision="respond",
    reply=Reply("A dog is barking."),
    clip="c1",
    recording="r1",
    licence="CC0",
    source="somewhere",
    gain_db=0.0,
)
STREAM = Timeline(seconds=4.0, chunk_seconds=0.4, instruction=None, task="proactive", events=(BARK,))


@pytest.mark.parametrize(
    ("moment", "chunk"),
    [(0.0, 0), (1 / SAMPLE_RATE, 0), (0.4, 0), (0.4 + 1 / SAMPLE_RATE, 1), (0.8, 1), (1.2, 2), (4.0, 9), (4.1, 10)],
)
def test_a_boundary_belongs_to_the_chunk_that_ends_there(moment: float, chunk: int) -> None:
    assert chunk_of(moment, 0.4) == chunk


@settings(max_examples=200)
@given(sample=st.integers(1, 1_000_000_000), size=st.integers(160, 32_000))
def test_a_moment_lies_in_its_chunk_to_the_sample(sample: int, size: int) -> None:
    chunk = chunk_of(sample / SAMPLE_RATE, size / SAMPLE_RATE)
    assert chunk * size < sample <= (chunk + 1) * size


@settings(max_examples=200)
@given(multiple=st.integers(1, 1_000_000), chunk_seconds=st.sampled_from([0.2, 0.4, 0.8, 1.0]))
def test_exact_multiples_of_a_chunk_survive_floating_point(multiple: int, chunk_seconds: float) -> None:
    assert chunk_of(multiple * chunk_seconds, chunk_seconds) == multiple - 1


def test_an_alarm_is_due_1_6_seconds_in_or_at_its_end_when_that_is_sooner() -> None:
    assert cue_of(1.0, 9.0, early=True) == 2.6
    assert cue_of(1.0, 2.0, early=True) == 2.0
    assert cue_of(1.0, 9.0, early=False) == 9.0


def test_responses_are_sorted_by_chunk_and_leave_out_what_calls_for_none() -> None:
    late = dataclasses.replace(BARK, cue=3.9, reply=Reply("Late."))
    quiet = dataclasses.replace(BARK, reply=None)
    stream = dataclasses.replace(STREAM, events=(late, quiet, BARK))
    assert stream.responses == ((4, Reply("A dog is barking."), 2), (9, Reply("Late."), 0))


@settings(max_examples=60)
@given(TIMELINES)
def test_json_there_and_back_is_the_identity(timeline: Timeline) -> None:
    assert Timeline.from_json(timeline.to_json()) == timeline


def test_a_written_file_reads_back_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "stream.json"
    write_timeline(dataclasses.replace(STREAM, instruction="Say „Ofen“ – 烤箱"), path)
    assert Timeline.from_json(path.read_text(encoding="utf-8")).instruction == "Say „Ofen“ – 烤箱"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("place", "field", "hint"),
    [
        ((), "second", "did you mean 'seconds'?"),
        (("events", 0), "onsett", "did you mean 'onset'?"),
        (("events", 0, "reply"), "emotions", "did you mean 'emotion'?"),
        ((), "zzz", "known fields: seconds, "),
    ],
)
def test_an_unknown_field_is_refused_and_the_nearest_is_named(
    place: tuple[str | int, ...], field: str, hint: str
) -> None:
    values = json.loads(STREAM.to_json())
    inner = values
    for step in place:
        inner = inner[step]
    inner[field] = 1
    with pytest.raises(InputError) as caught:
        Timeline.from_json(json.dumps(values))
    assert caught.value.code == "timeline.unknown_field"
    assert hint in str(caught.value)


def test_a_missing_field_is_named() -> None:
    values = json.loads(STREAM.to_json())
    del values["events"][0]["licence"]
    with pytest.raises(InputError, match="licence") as caught:
        Timeline.from_json(json.dumps(values))
    assert caught.value.code == "timeline.missing_field"


@pytest.mark.parametrize(
    "text", ["", "[]", "3", '{"events": 3}', '{"events": [3]}', '{"noise": ["hum"]}', '{"events": [{"reply": 3}]}']
)
def test_what_is_no_timeline_is_refused_in_words(text: str) -> None:
    with pytest.raises(InputError):
        Timeline.from_json(text)


def test_chinese_is_joined_without_blanks() -> None:
    assert joined(["A", "zebra."]) == "A zebra." and joined(["共", "产", "党"]) == "共产党"
    assert joined(["节奏", "nine", "", "贝壳"]) == "节奏 nine 贝壳"
    assert joined(["你", "好，", "世", "界"]) == "你好，世界"


def test_words_of_other_languages_keep_their_blanks() -> None:
    assert joined(["café", "était"]) == "café était" and joined(["привет", "мир"]) == "привет мир"


@given(st.integers(0, 10 * SAMPLE_RATE), st.integers(1, 10 * SAMPLE_RATE), st.sampled_from([0.2, 0.4, 0.6, 0.8]))
def test_the_chunks_of_an_event_are_the_fewest_that_hold_it(start: int, length: int, chunk_seconds: float) -> None:
    event = dataclasses.replace(BARK, onset=start / SAMPLE_RATE, end=(start + length) / SAMPLE_RATE)
    held, size = chunks_with(event, chunk_seconds), round(chunk_seconds * SAMPLE_RATE)
    assert held.start * size <= start < (held.start + 1) * size
    assert (held.stop - 1) * size < start + length <= held.stop * size


def test_what_is_said_of_an_event_are_its_turns_or_its_reply() -> None:
    answered, unsaid = (dataclasses.replace(BARK, reply=reply) for reply in (Reply("A dog."), None))
    turns = (Turn(1.0, Reply("Good"), 1), Turn(1.5, Reply("morning."), 1))
    line = Timeline(2.0, 0.4, None, "asr_read_speech_en", (answered, unsaid, unsaid), turns=turns)
    assert [said_of(line, i) for i in range(3)] == ["A dog.", "Good morning.", ""]
