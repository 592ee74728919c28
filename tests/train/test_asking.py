"""What of a stream can be asked about as a recording."""

from __future__ import annotations

import dataclasses

import numpy as np

from soundflow.data.timeline import Reply, Timeline, Turn
from soundflow.train.asking import Recording, recording_asked_about
from tests.train.corpora import event

ORDER = Timeline(3.2, 0.4, "Answer with a function call.", "environment_aware_assistance", (event(1, True),))
DUE, BARKS, _ = ORDER.responses[0]  # when and how the dog is answered in the stream
BOTH = dataclasses.replace(ORDER, events=(event(1, True), event(3, True, 2), event(6, False)))


def drawn(line: Timeline, chunks: int = 8) -> set[Recording | None]:
    """What is drawn for a timeline by forty generators."""
    return {recording_asked_about(line, chunks, np.random.default_rng(seed)) for seed in range(40)}


def test_one_reply_to_the_whole_of_a_stream_is_asked_about_whole() -> None:
    line = dataclasses.replace(ORDER, task="audio_qa_open")
    assert drawn(line) == {Recording(range(8), BARKS, DUE)}


def test_a_sound_that_is_answered_by_itself_is_asked_about_whole_or_alone() -> None:
    assert drawn(ORDER) == {
        Recording(range(8), BARKS, DUE),
        Recording(range(1, 2), BARKS, 0),
    }


def test_of_several_sounds_each_that_is_answered_is_asked_about_alone() -> None:
    assert {part.chunks for part in drawn(BOTH) if part} == {range(1, 2), range(3, 5)}
    assert drawn(dataclasses.replace(BOTH, task="event_counting")) == {None}


def test_a_clip_does_not_hold_a_spoken_question() -> None:
    assert drawn(dataclasses.replace(ORDER, instruction=None)) == {Recording(range(8), BARKS, DUE)}
    assert drawn(dataclasses.replace(BOTH, instruction=None)) == {None}


def test_an_utterance_is_answered_with_all_its_words() -> None:
    silent = dataclasses.replace(event(2, True, 3), reply=None)
    turns = (Turn(1.2, Reply("good"), 0), Turn(2.0, Reply("morning"), 0))
    line = dataclasses.replace(ORDER, task="asr_read_speech_en", events=(silent,), turns=turns)
    assert drawn(line) == {Recording(range(2, 5), Reply("good morning"), 3)}, "it came in pieces: behind its end"


def test_what_is_cut_off_is_not_asked_about_alone() -> None:
    assert drawn(BOTH, 1) == {None}
    early = dataclasses.replace(event(1, True, 3), cue=0.8)  # answered while it still sounds
    assert drawn(dataclasses.replace(ORDER, events=(early,)), 3) == {Recording(range(3), BARKS, 1)}
