"""What one session says, with an engine that a test writes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from soundflow.serve.speech import MOST_SENTENCES, Mouth, SpeechDelta, SpeechEnd, Spoken, Voice, in_one_block
from soundflow.stream.events import Error
from tests.serve.voices import BLOCK, RATE, ScriptedVoice


class Room:
    """A mouth with its voice."""

    def __init__(self) -> None:
        self.engine = ScriptedVoice()
        self.voice = Voice(self.engine, RATE)
        self.wakes = 0
        self.mouth = Mouth(self.voice, self.woken)

    def woken(self) -> None:
        self.wakes += 1

    def all(self) -> list[Spoken]:
        """Everything up to the end of the work in hand."""
        said: list[Spoken] = []
        while True:
            said += self.mouth.take()
            if self.mouth.is_idle:
                return said
            self.mouth.wait(20.0)


@pytest.fixture
def room() -> Iterator[Room]:
    found = Room()
    yield found
    found.engine.go.set()
    found.voice.close()


def ends(said: list[Spoken]) -> list[tuple[int, str]]:
    return [(event.reply, event.outcome) for event in said if isinstance(event, SpeechEnd)]


def blocks(said: list[Spoken], reply: int = 0) -> int:
    return sum(isinstance(event, SpeechDelta) and event.reply == reply for event in said)


def test_a_sentence_is_said_while_the_next_is_being_written(room: Room) -> None:
    room.mouth.speak(0, "I hear glass. Put")
    while not room.engine.sentences:
        room.mouth.wait(20.0)
    assert room.engine.sentences == ["I hear glass."]
    room.mouth.speak(0, " on shoes.")
    room.mouth.finish(0)
    said = room.all()
    assert room.engine.sentences == ["I hear glass.", "Put on shoes."]
    assert blocks(said) == 6 and said[-1] == SpeechEnd(0, "whole") and room.wakes >= 6
    first = said[0]
    assert isinstance(first, SpeechDelta) and first.samples.shape == (BLOCK,) and first.samples.dtype == np.float32


def test_replies_are_said_one_after_the_other(room: Room) -> None:
    for reply in (0, 1):
        room.mouth.speak(reply, "One. Two.")
        room.mouth.finish(reply)
    said = room.all()
    assert ends(said) == [(0, "whole"), (1, "whole")]
    assert [event.reply for event in said if isinstance(event, SpeechDelta) and event.is_first] == [0, 0, 1, 1]


def test_each_piece_names_its_sentence_and_the_first_one_says_so(room: Room) -> None:
    room.mouth.speak(0, "One two. Three.")
    room.mouth.finish(0)
    pieces = [(piece.sentence, piece.is_first) for piece in room.all() if isinstance(piece, SpeechDelta)]
    assert pieces == [("One two.", True), ("One two.", False), ("Three.", True)]


def test_a_reply_without_words_ends_at_once(room: Room) -> None:
    room.mouth.finish(3)
    assert room.all() == [SpeechEnd(3, "whole")]


def test_cancel_stops_in_the_middle_of_a_sentence(room: Room) -> None:
    room.mouth.speak(0, "This waits here. And this is never said. ")
    room.mouth.finish(0)
    room.mouth.speak(1, "Nor is this. ")
    assert room.engine.is_waiting.wait(20.0)
    room.mouth.cancel()
    assert ends(room.mouth.take()) == [(0, "cancelled"), (1, "cancelled")]
    room.mouth.speak(1, "Too late.")
    room.mouth.finish(1)
    room.engine.go.set()
    assert room.all() == [] and room.engine.sentences == ["This waits here."]
    room.mouth.speak(2, "Next.")
    room.mouth.finish(2)
    assert ends(room.all()) == [(2, "whole")], "and it can speak again"


@pytest.mark.parametrize(("word", "code"), [("breaks", "speech.endpoint"), ("bug", "speech.internal")])
def test_an_engine_that_fails_leaves_the_text_and_says_so(room: Room, word: str, code: str) -> None:
    room.mouth.speak(0, f"Fine. It {word}. Never said. ")
    room.mouth.finish(0)
    room.mouth.speak(1, "Fine again.")
    room.mouth.finish(1)
    said = room.all()
    assert [event.code for event in said if isinstance(event, Error)] == [code]
    assert ends(said) == [(0, "failed"), (1, "whole")] and "Never said." not in room.engine.sentences


def test_what_waits_has_a_bound(room: Room) -> None:
    room.mouth.speak(0, "It waits. ")
    assert room.engine.is_waiting.wait(20.0)
    room.mouth.speak(0, "More. " * (MOST_SENTENCES + 1))
    room.mouth.finish(0)
    room.engine.go.set()
    said = room.all()
    assert [event.code for event in said if isinstance(event, Error)] == ["speech.behind"]
    assert ends(said) == [(0, "failed")]


def test_one_session_does_not_keep_another_waiting_for_a_whole_reply(room: Room) -> None:
    other = Mouth(room.voice)
    room.mouth.speak(0, "It waits. A second. A third. ")
    assert room.engine.is_waiting.wait(20.0)
    other.speak(0, "Mine. ")
    room.engine.go.set()
    room.mouth.finish(0)
    room.all()
    while not other.is_idle:
        other.take()
        other.finish(0) if other._writing else other.wait(20.0)
    assert room.engine.sentences.index("Mine.") < room.engine.sentences.index("A third.")


def test_a_closed_voice_says_nothing_more() -> None:
    said: list[str] = []

    def say(sentence: str) -> np.ndarray:
        said.append(sentence)
        return np.zeros(5, np.float32)

    voice = Voice(in_one_block(say), RATE)
    voice.close()
    mouth = Mouth(voice)
    mouth.speak(0, "Hello there. ")
    assert said == [] and mouth.take() == []
