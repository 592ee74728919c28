"""A stream behind the spoken instruction of another."""

from __future__ import annotations

import dataclasses

import numpy as np

from soundflow.data.timeline import StreamEvent, Timeline
from soundflow.train.document import Sounding
from soundflow.train.respoken import NOTHING, asked_of, opening_asks, respoken
from tests.train.corpora import VOICE, event

CHUNK = 6400  # samples


def sounding(key: str, chunks: int, aloud: tuple[float, float] | None, *events: StreamEvent) -> Sounding:
    """A stream in which every sample tells its chunk, with an instruction said from and to, or written."""
    said = (dataclasses.replace(VOICE, onset=aloud[0], end=aloud[1], cue=aloud[1]),) if aloud else ()
    text = None if aloud else "say what you HEAR."
    samples = np.repeat(np.arange(chunks, dtype=np.float32), CHUNK)
    return Sounding(key, samples, Timeline(chunks * 0.4, 0.4, text, "event_narration", (*said, *events)), bool(aloud))


def test_a_stream_follows_another_voice_chunk_by_chunk() -> None:
    base = sounding("base", 9, (0.5, 1.3), event(5, True), event(7, False))
    opening = sounding("opening", 6, (0.9, 1.9), event(5, True))
    made = respoken(base, opening)
    assert made.samples[::CHUNK].tolist() == [0, 1, 2, 3, 4, 4, 5, 6, 7, 8]
    assert [(piece.key, len(piece.samples) // CHUNK, piece.start // CHUNK) for piece in made.pieces] == [
        ("opening", 5, 0),
        ("base", 9, 4),
    ]
    assert made.asks_aloud
    assert made.timeline.events[0] == opening.timeline.events[0] and made.timeline.instruction is None
    assert [chunk for chunk, *_ in made.timeline.responses] == [6]  # one chunk later than before
    assert len(made.timeline.events) == 3 and abs(made.timeline.seconds - 4.0) < 1e-9


def test_a_written_instruction_can_be_said_instead() -> None:
    base, opening = sounding("base", 5, None, event(2, True)), sounding("opening", 6, (0.1, 0.7))
    made = respoken(base, opening)
    assert made.samples[::CHUNK].tolist() == [0, 1, 0, 1, 2, 3, 4]
    assert [(piece.key, piece.start) for piece in made.pieces] == [("opening", 0), ("base", 0)]
    assert [e.label for e in made.timeline.events] == ["speech_voice", "dog_bark"]


def test_what_is_asked_is_the_same_written_or_said() -> None:
    written, said = sounding("a", 3, None).timeline, sounding("b", 3, (0.1, 0.7)).timeline
    assert asked_of(written, False) == asked_of(said, True) == "say what you hear."
    assert asked_of(dataclasses.replace(written, instruction=None), False) is None
    assert asked_of(sounding("c", 3, (0.1, 0.7), event(1, True)).timeline, True) is None  # it is not alone there


def overheard(key: str, *events: StreamEvent) -> Sounding:
    """A stream in which nothing is to be said."""
    line = Timeline(4.0, 0.4, None, "keep_silent", events)
    return Sounding(key, np.zeros(10 * CHUNK, np.float32), line)


def test_a_voice_that_asks_nothing_opens_streams_in_which_nothing_is_said() -> None:
    opening, base = overheard("opening", VOICE, event(3, False)), overheard("base", event(0, False))
    assert opening_asks(opening.timeline, False) == NOTHING == asked_of(base.timeline, False)
    assert opening_asks(base.timeline, False) is None  # no voice
    made = respoken(base, opening)
    assert not made.asks_aloud and made.timeline.instruction is None and len(made.samples) == 11 * CHUNK
    assert [e.label for e in made.timeline.events] == ["speech_voice", "dog_bark"]


def test_only_a_voice_with_its_own_chunks_opens_other_streams() -> None:
    said = sounding("a", 3, (0.1, 0.7)).timeline
    assert opening_asks(said, True) == "say what you hear."
    assert opening_asks(sounding("b", 3, (0.1, 0.7), event(1, True)).timeline, True) is None
    written = sounding("c", 3, None, VOICE).timeline
    assert opening_asks(written, False) is None  # something is asked already
    assert opening_asks(overheard("d").timeline, False) is None
