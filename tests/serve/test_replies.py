"""Replies said aloud, as the protocol tells them; the engine is one that a test writes."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from soundflow.serve.conversation import Conversation
from soundflow.serve.speech import Mouth, Voice
from soundflow.serve.wire import Ids
from soundflow.stream.events import End, Event, ReplyDelta, ReplyEnd, ReplyStart
from tests.serve.fakes import FakeStream, decision
from tests.serve.test_conversation import CHUNK, FACTS, Patience, append, code, kinds
from tests.serve.voices import BLOCK, RATE, ScriptedVoice

TEXT = "Fire here. Run!"


class Talk:
    """A conversation with a voice, and everything it told."""

    def __init__(self) -> None:
        self.engine = ScriptedVoice()
        self.voice = Voice(self.engine, RATE)
        self.mouth = Mouth(self.voice)
        self.talk = Conversation(FACTS, ids=Ids("s"), clock=Patience(), mouth=self.mouth)
        self.stream = FakeStream()
        self.events: list[dict[str, Any]] = []

    def open(self, **settings: Any) -> Talk:
        session = {"output_modalities": ["audio"], **settings}
        assert kinds(self.talk.receive({"type": "session.update", "session": session})) == ["session.updated"]
        self.talk.attach(lambda instruction, threshold: self.stream)
        return self

    def tell(self, *events: Event) -> None:
        for event in events:
            self.events += self.talk.tell(event)

    def listen(self) -> list[dict[str, Any]]:
        """Everything up to where the voice has said what it was given."""
        while True:
            for event in self.talk.take():
                self.events += self.talk.tell(event)
            if self.mouth.is_idle:
                return self.events
            self.mouth.wait(20.0)

    def sound(self) -> bytes:
        return b"".join(base64.b64decode(e["delta"]) for e in self.events if e["type"] == "response.output_audio.delta")


@pytest.fixture
def talk() -> Iterator[Talk]:
    found = Talk()
    yield found
    found.engine.go.set()
    found.voice.close()


def reply(number: int = 0, text: str = TEXT) -> list[Event]:
    return [
        decision(number, True),
        ReplyStart(number, number, 0.4, "urgent"),
        *(ReplyDelta(number, word) for word in text.split(" ") if word),
        ReplyEnd(number, text, "urgent", "eos", 5, 9.0),
    ]


def said(*words: str, number: int = 0) -> list[Event]:
    return [decision(number, True), ReplyStart(number, 3, 0.4, None), *(ReplyDelta(number, word) for word in words)]


def test_sound_and_transcript_have_their_names_and_order(talk: Talk) -> None:
    talk.open().tell(*said("Fire here. ", "Run!"), ReplyEnd(0, TEXT, None, "eos", 5, 9.0))
    events = talk.listen()
    order = [kind for kind in kinds(events) if kind != "response.output_audio.delta"]
    assert order == [
        "response.speak",
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
        "response.output_audio_transcript.delta",
        "response.output_audio_transcript.delta",
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        "response.content_part.done",
        "response.output_item.done",
        "conversation.item.done",
        "response.done",
    ]
    response = events[-1]["response"]
    assert response["output_modalities"] == ["audio"] and response["status"] == "completed"
    assert response["output"][0]["content"] == [{"type": "output_audio", "transcript": TEXT}]
    assert len(talk.sound()) == 2 * BLOCK * 3, "three words, a block each"
    numbers = [event["server_event_seq"] for event in events]
    assert numbers == list(range(numbers[0], numbers[0] + len(events)))


def test_the_first_sentence_is_heard_before_the_text_is_over(talk: Talk) -> None:
    talk.open().tell(*said("Fire here. ", "Run"))
    talk.mouth.wait(20.0)
    for event in talk.talk.take():
        talk.tell(event)  # type: ignore[arg-type]
    assert "response.output_audio.delta" in kinds(talk.events)
    assert "response.output_audio_transcript.done" not in kinds(talk.events)


@pytest.mark.parametrize(
    ("audio_format", "seconds_of"),
    [({"type": "audio/pcm", "rate": 16_000}, 32_000), ({"type": "audio/pcmu"}, 8_000), ({"type": "audio/pcma"}, 8_000)],
)
def test_sound_comes_in_the_format_that_was_asked_for(talk: Talk, audio_format: Any, seconds_of: int) -> None:
    talk.open(audio={"output": {"format": audio_format}}).tell(*said("a b c d."), ReplyEnd(0, "", None, "eos", 1, 1.0))
    talk.listen()
    assert len(talk.sound()) == pytest.approx(0.4 * seconds_of, abs=2)
    assert talk.talk.created()["session"]["audio"]["output"]["format"]["type"] == audio_format["type"]


def test_text_stays_text_with_a_voice_in_the_house(talk: Talk) -> None:
    talk.open(output_modalities=["text"]).tell(*reply())
    assert "response.output_text.done" in kinds(talk.listen()) and talk.engine.sentences == []


def test_without_a_voice_sound_is_refused() -> None:
    conversation = Conversation(FACTS)
    update = {"type": "session.update", "session": {"output_modalities": ["audio"]}}
    assert code(conversation.receive(update)) == "realtime.setting"
    assert "output" not in conversation.created()["session"]["audio"]


def test_cancel_stops_text_and_sound(talk: Talk) -> None:
    talk.open().tell(*said("It waits. ", "Never said."))
    assert talk.engine.is_waiting.wait(20.0)
    talk.talk.receive({"type": "response.cancel"})
    assert talk.stream.calls == ["cancel"]
    talk.tell(ReplyEnd(0, "It waits. Never said.", None, "cancelled", 3, 9.0))
    talk.engine.go.set()
    events = talk.listen()
    assert events[-1]["response"]["status"] == "cancelled" and "Never said." not in talk.engine.sentences
    assert kinds(events).count("response.done") == 1 == kinds(events).count("response.output_audio.done")


def test_cancel_after_the_text_stops_the_sound(talk: Talk) -> None:
    talk.open().tell(*said("It waits. Never said."), ReplyEnd(0, "It waits. Never said.", None, "eos", 3, 9.0))
    assert talk.engine.is_waiting.wait(20.0)
    assert code(talk.talk.receive({"type": "response.create"})) == "conversation_already_has_active_response"
    talk.talk.receive({"type": "response.cancel"})
    talk.engine.go.set()
    response = talk.listen()[-1]["response"]
    assert (response["status"], response["status_details"]["reason"]) == ("cancelled", "client_cancelled")


def test_a_voice_that_breaks_leaves_the_transcript_and_says_so(talk: Talk) -> None:
    talk.open().tell(*said("It breaks."), ReplyEnd(0, "It breaks.", None, "eos", 3, 9.0))
    events = talk.listen()
    assert [event["error"]["code"] for event in events if event["type"] == "error"] == ["speech.endpoint"]
    assert events[-1]["response"]["status"] == "completed"
    assert events[-1]["response"]["output"][0]["content"][0]["transcript"] == "It breaks."


def test_decisions_go_on_and_the_next_reply_begins_while_one_is_said(talk: Talk) -> None:
    talk.open().tell(*said("It waits."), ReplyEnd(0, "It waits.", None, "eos", 3, 9.0), decision(4))
    assert talk.events[-1]["type"] == "response.listen"
    talk.tell(*said("Second.", number=1), ReplyEnd(1, "Second.", None, "eos", 1, 9.0))
    talk.engine.go.set()
    done = [
        event["response"]["output"][0]["content"][0]["transcript"]
        for event in talk.listen()
        if event["type"] == "response.done"
    ]
    assert done == ["It waits.", "Second."]


def test_sound_that_is_uploaded_goes_on_while_a_reply_is_said(talk: Talk) -> None:
    talk.open(audio={"input": {"format": {"type": "audio/pcm", "rate": 16000}}})
    talk.talk.receive(append(CHUNK))
    talk.tell(*said("It waits."), ReplyEnd(0, "It waits.", None, "eos", 3, 9.0))
    talk.talk.receive(append(CHUNK))
    assert talk.stream.samples == 2 * CHUNK


def test_the_end_comes_when_the_last_word_is_said(talk: Talk) -> None:
    talk.open(soundflow={"events": True})
    talk.tell(*said("It waits."), ReplyEnd(0, "It waits.", None, "eos", 3, 9.0), End(1.0, 3, 1, 5.0, 6.0, 0.1))
    assert not talk.talk.is_over
    talk.engine.go.set()
    assert kinds(talk.listen())[-2:] == ["response.done", "soundflow.end"] and talk.talk.is_over


def test_what_a_client_leaves_behind_is_not_said(talk: Talk) -> None:
    talk.open().tell(*said("It waits. Never said. "))
    assert talk.engine.is_waiting.wait(20.0)
    talk.talk.close()
    talk.engine.go.set()
    talk.listen()
    assert talk.engine.sentences == ["It waits."]


def test_a_reply_is_cut_to_the_sound_that_was_played(talk: Talk) -> None:
    talk.open().tell(*said("One two. Six ten."), ReplyEnd(0, "One two. Six ten.", None, "eos", 4, 9.0))
    item = talk.listen()[-1]["response"]["output"][0]["id"]
    for played_ms, characters in ((0, 0), (200, 8), (400, 17), (9000, 17)):
        cut = {"type": "conversation.item.truncate", "item_id": item, "content_index": 0, "audio_end_ms": played_ms}
        assert kinds(talk.talk.receive(cut)) == ["conversation.item.truncated"]
        assert talk.stream.truncated[-1] == (0, characters)
        ack = {"type": "playback.ack", "item_id": item, "played_ms": played_ms, "final": True}
        (acknowledged,) = talk.talk.receive(ack)
        assert acknowledged["event"]["played_characters"] == characters
        assert talk.stream.truncated[-1] == (0, characters)


def played(talk: Talk, item: str, played_ms: int) -> int:
    """What the server takes for heard of a reply, in characters."""
    (told,) = talk.talk.receive({"type": "playback.ack", "item_id": item, "played_ms": played_ms})
    return int(told["event"]["played_characters"])


def test_text_whose_sound_was_not_sent_was_not_played(talk: Talk) -> None:
    talk.open().tell(*said("One two. It waits. Never said."))
    item = next(e["item"]["id"] for e in talk.events if e["type"] == "conversation.item.added")
    assert played(talk, item, 0) == 0
    assert talk.engine.is_waiting.wait(20.0)
    for event in talk.talk.take():
        talk.tell(event)  # type: ignore[arg-type]
    assert [played(talk, item, ms) for ms in (0, 100, 200)] == [0, 4, 8], "the first of three sentences takes 200 ms"
    talk.talk.receive({"type": "response.cancel"})
    talk.tell(ReplyEnd(0, "One two. It waits. Never said.", None, "cancelled", 6, 9.0))
    talk.engine.go.set()
    assert talk.listen()[-1]["response"]["status"] == "cancelled"
    assert [played(talk, item, ms) for ms in (100, 9000)] == [4, 12], "300 ms, at 40 characters a second"


def test_blocks_of_the_engine_are_the_sound(talk: Talk) -> None:
    talk.open().tell(*said("ab abcd."), ReplyEnd(0, "ab abcd.", None, "eos", 1, 1.0))
    talk.listen()
    sound = np.frombuffer(talk.sound(), "<i2")
    assert np.unique(sound).tolist() == [round(0.02 * 32767), round(0.05 * 32767)]
