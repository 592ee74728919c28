"""The opening of a stream whose instruction is said."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundflow.data.opening import behind, has_own_chunks, opening_chunks, voice_of, without_opening
from soundflow.data.timeline import Reply, StreamEvent, Timeline, Turn


def sound(onset: float, end: float, reply: str | None = None, role: str = "foreground") -> StreamEvent:
    """Something that sounds, answered or not."""
    made = Reply(reply) if reply else None
    where = ("event", role, "respond" if reply else "ignore", made, "c", "r", "CC0-1.0", "tones", 0.0)
    return StreamEvent(onset, end, end, "dog_bark", *where)  # type: ignore[arg-type]


def voice(onset: float, end: float) -> StreamEvent:
    """Somebody who says the instruction."""
    return dataclasses.replace(sound(onset, end), kind="speech", label="speech_voice", content="Count the dogs.")


LINE = Timeline(4.0, 0.4, None, "event_counting", (voice(0.5, 1.3), sound(2.0, 2.4, "One."), sound(3.0, 3.2)))


def test_an_opening_ends_with_the_chunk_in_which_the_voice_ends() -> None:
    assert voice_of(LINE) is LINE.events[0] and opening_chunks(LINE) == 4
    ambient = sound(0.0, 4.0, role="ambient")
    assert voice_of(dataclasses.replace(LINE, events=(ambient, *LINE.events))) is LINE.events[0]


def test_an_opening_has_its_chunks_for_itself_or_the_stream_stays_whole() -> None:
    assert has_own_chunks(LINE)
    early = dataclasses.replace(LINE, events=(LINE.events[0], sound(1.5, 1.9)))
    assert not has_own_chunks(early)
    answered = dataclasses.replace(LINE.events[0], reply=Reply("Yes."))
    assert not has_own_chunks(dataclasses.replace(LINE, events=(answered, *LINE.events[1:])))
    assert not has_own_chunks(dataclasses.replace(LINE, turns=(Turn(1.6, Reply("So"), 1),)))


def test_a_stream_can_be_asked_in_words_instead() -> None:
    written = without_opening(dataclasses.replace(LINE, turns=(Turn(2.4, Reply("One."), 1),)))
    assert written.instruction == "Count the dogs." and written.seconds == pytest.approx(2.4)
    bark, other = written.events
    assert (bark.onset, bark.end, bark.cue) == pytest.approx((0.4, 0.8, 0.8)) and other.onset == pytest.approx(1.4)
    assert written.turns[0].event == 0 and written.turns[0].at == pytest.approx(0.8)


@given(st.integers(1, 8), st.integers(0, 5))
def test_a_voice_put_before_a_stream_can_be_taken_away_again(chunks: int, event: int) -> None:
    events = tuple(sound(i * 0.4, i * 0.4 + 0.3, "Dog.") for i in range(6))
    written = Timeline(3.2, 0.4, "Count the dogs.", "event_counting", events, turns=(Turn(2.4, Reply("So"), event),))
    said = behind(written, voice(0.05, chunks * 0.4 - 0.1), chunks)
    assert said.instruction is None and opening_chunks(said) == chunks
    assert said.events[said.turns[0].event].reply == events[event].reply
    again = without_opening(said)
    assert [e.onset for e in again.events] == pytest.approx([e.onset for e in events])
    assert [chunk for chunk, *_ in again.responses] == [chunk for chunk, *_ in written.responses]
    assert again.instruction == written.instruction and again.turns[0].event == event
