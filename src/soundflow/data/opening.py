"""The opening of a stream whose instruction is said: a voice at its beginning, in chunks of its own.

Tests: tests/data/test_opening.py.
"""

from __future__ import annotations

import dataclasses

from soundflow.data.timeline import StreamEvent, Timeline, chunk_of


def voice_of(timeline: Timeline) -> StreamEvent:
    """The voice that says a stream's instruction: the first thing of the foreground."""
    return next(event for event in timeline.events if event.role == "foreground")


def opening_chunks(timeline: Timeline) -> int:
    """How many chunks the instruction takes: up to the one in which the voice ends."""
    return chunk_of(voice_of(timeline).end, timeline.chunk_seconds) + 1


def has_own_chunks(timeline: Timeline) -> bool:
    """Whether nothing else of the foreground sounds in the opening's chunks, and nothing is said in reply."""
    end, voice = opening_chunks(timeline) * timeline.chunk_seconds, voice_of(timeline)
    rest = [event for event in timeline.events if event is not voice and event.role == "foreground"]
    later = all(event.onset >= end for event in rest) and all(turn.at > end for turn in timeline.turns)
    return later and voice.reply is None


def without_opening(timeline: Timeline) -> Timeline:
    """The stream behind its opening, which is written instead: times from the first chunk that is left.

    What is noted of the noise, as where in its clip it begins, stays that of the whole stream.
    """
    voice, seconds = voice_of(timeline), opening_chunks(timeline) * timeline.chunk_seconds
    at = timeline.events.index(voice)
    turns = tuple(dataclasses.replace(turn, event=turn.event - (turn.event > at)) for turn in timeline.turns)
    events = tuple(event for event in timeline.events if event is not voice)
    rest = dataclasses.replace(timeline, instruction=voice.content, events=events, turns=turns)
    return _later(rest, -seconds)


def behind(timeline: Timeline, voice: StreamEvent, chunks: int) -> Timeline:
    """A stream whose instruction is written, behind so many chunks in which a voice says it."""
    rest = _later(timeline, chunks * timeline.chunk_seconds)
    turns = tuple(dataclasses.replace(turn, event=turn.event + 1) for turn in rest.turns)
    return dataclasses.replace(rest, instruction=None, events=(voice, *rest.events), turns=turns)


def _later(timeline: Timeline, seconds: float) -> Timeline:
    """Everything so much later in a stream that is so much longer."""
    return dataclasses.replace(
        timeline,
        seconds=timeline.seconds + seconds,
        events=tuple(
            dataclasses.replace(e, onset=e.onset + seconds, end=e.end + seconds, cue=e.cue + seconds)
            for e in timeline.events
        ),
        turns=tuple(dataclasses.replace(turn, at=turn.at + seconds) for turn in timeline.turns),
    )
