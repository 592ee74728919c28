"""The protocol without a socket: each client event by example, and ten thousand that make no sense."""

from __future__ import annotations

import base64
import json
import random
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from soundflow.audio.pcm import to_s16le
from soundflow.errors import SoundflowError, UsageError
from soundflow.serve.conversation import _ACTS, Conversation
from soundflow.serve.facts import ModelFacts
from soundflow.serve.wire import Ids, read_message
from soundflow.stream.events import End, Error, Event, Memory, ReplyDelta, ReplyEnd, ReplyStart
from tests.serve.fakes import FakeStream, decision

FACTS = ModelFacts("fake", 0.4, "Speak up.", 0.5)
CHUNK = 6400  # samples of 0.4 s at 16 kHz
SPEECH: list[Event] = [
    ReplyStart(0, 3, 1.6, "urgent"),
    ReplyDelta(0, "Fi"),
    ReplyDelta(0, "re!"),
    ReplyEnd(0, "Fire!", None, "eos", 2, 9.0),
]


class Patience:
    """A clock that runs so fast that all sound is live."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        self.time += 10.0
        return self.time

    def wait_until(self, moment: float) -> None:
        """Not asked for here."""


def opened(**settings: Any) -> tuple[Conversation, FakeStream]:
    """A session at 16 kHz with its stream attached."""
    conversation = Conversation(FACTS, ids=Ids("s"), clock=Patience())
    session = {"audio": {"input": {"format": {"type": "audio/pcm", "rate": 16000}}}, **settings}
    assert kinds(conversation.receive({"type": "session.update", "session": session})) == ["session.updated"]
    found = conversation.settings
    stream = FakeStream(found.instructions, found.threshold)
    conversation.attach(lambda instruction, threshold: stream)
    return conversation, stream


def kinds(events: list[dict[str, Any]]) -> list[str]:
    return [event["type"] for event in events]


def append(samples: int) -> dict[str, Any]:
    return {"type": "input_audio_buffer.append", "audio": base64.b64encode(bytes(2 * samples)).decode()}


def code(events: list[dict[str, Any]]) -> str:
    (event,) = events
    return str(event["error"]["code"])


def speak(conversation: Conversation) -> list[dict[str, Any]]:
    return [wire for event in (decision(3, True), *SPEECH) for wire in conversation.tell(event)]


def test_settings_before_the_first_sound_open_the_stream() -> None:
    conversation, stream = opened(instructions="Count the barks.", soundflow={"threshold": 0.6})
    assert stream.instruction == "Count the barks." and stream.thresholds == [0.6]
    session = conversation.created()["session"]
    assert session["capabilities"]["chunk_period_ms"] == 400 and session["model"] == "fake"


def test_settings_may_change_mid_stream() -> None:
    conversation, stream = opened()
    conversation.receive(append(CHUNK))
    conversation.receive(
        {"type": "session.update", "session": {"instructions": "Now cats.", "soundflow": {"threshold": 0.9}}}
    )
    assert stream.instruction == "Now cats." and stream.thresholds[-1] == 0.9


def test_an_upload_waits_for_its_decisions_and_what_follows_it_waits_too() -> None:
    stopped = Patience()
    conversation = Conversation(FACTS, ids=Ids("s"), clock=stopped)
    stopped.now = lambda: 0.0  # type: ignore[method-assign]
    session = {"audio": {"input": {"format": {"type": "audio/pcm", "rate": 16000}}}}
    conversation.receive({"type": "session.update", "session": session})
    stream = FakeStream()
    conversation.attach(lambda instruction, threshold: stream)
    conversation.receive(append(8 * CHUNK))
    assert stream.samples < 2 * CHUNK and conversation.is_behind
    for chunk in range(4):
        conversation.tell(decision(chunk))
        assert (chunk + 2) * CHUNK <= stream.samples < (chunk + 3) * CHUNK
    conversation.tell(decision(4, True))
    held = stream.samples
    conversation.tell(SPEECH[0])
    assert stream.samples == held, "nothing is let through while it speaks"
    for event in SPEECH[1:]:
        conversation.tell(event)
    for chunk in range(5, 8):
        conversation.tell(decision(chunk))
    assert stream.samples == 8 * CHUNK and not conversation.is_behind


def test_a_bad_setting_changes_nothing_and_names_its_field() -> None:
    conversation, _ = opened(instructions="Dogs.")
    (event,) = conversation.receive(
        {
            "type": "session.update",
            "event_id": "mine",
            "session": {"instructions": "Cats.", "soundflow": {"threshold": 7}},
        }
    )
    assert event["error"]["param"] == "session.soundflow.threshold" and event["error"]["event_id"] == "mine"
    assert conversation.settings.instructions == "Dogs."


def test_sound_is_heard_as_it_comes_and_committed_as_an_item() -> None:
    conversation, stream = opened()
    assert conversation.receive(append(CHUNK)) == [] and stream.samples == CHUNK
    assert kinds(conversation.receive({"type": "input_audio_buffer.commit"})) == [
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
    ]
    assert code(conversation.receive({"type": "input_audio_buffer.commit"})) == "input_audio_buffer_commit_empty"
    assert kinds(conversation.receive({"type": "input_audio_buffer.clear"})) == ["input_audio_buffer.cleared"]


class Deaf(FakeStream):
    """A stream that takes no sound once it was ended, as the engine's."""

    def feed(self, samples: NDArray[np.float32]) -> None:
        if self.calls:
            raise UsageError("session.ended", "sound for a session that has ended", "open a new session")
        super().feed(samples)


@pytest.mark.parametrize("how", ["client", "server", "fault"])
def test_sound_after_the_end_harms_no_reply(how: str) -> None:
    conversation, _ = opened()
    stream = Deaf()
    conversation.attach(lambda instruction, threshold: stream)
    conversation.receive(append(CHUNK))
    for event in (decision(0, True), SPEECH[0]):
        conversation.tell(event)
    if how == "client":
        conversation.receive({"type": "soundflow.end"})
    elif how == "server":
        conversation.end()
    else:
        stream.close()
    for _ in range(2):
        assert conversation.receive(append(3 * CHUNK)) == []
    assert kinds(conversation.receive({"type": "input_audio_buffer.commit"}))[0] == "input_audio_buffer.committed"
    told = [wire for event in SPEECH[1:] for wire in conversation.tell(event)]
    assert told[-1]["response"]["output"][0]["content"][0]["text"] == "Fire!"
    assert conversation.receive({"type": "response.create"}) == []
    assert stream.samples == CHUNK and not conversation.is_behind


def test_each_decision_is_told_with_what_still_waits() -> None:
    conversation, _ = opened()
    conversation.receive(append(4 * CHUNK))
    (event,) = conversation.tell(decision(0))
    assert event["type"] == "response.listen" and event["p_response"] == 0.7 and event["queue_depth"] == 3
    assert conversation.ahead_seconds == pytest.approx(1.2)


def test_a_reply_is_told_as_a_whole_response() -> None:
    conversation, _ = opened()
    events = speak(conversation)
    assert kinds(events) == [
        "response.speak",
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "conversation.item.done",
        "response.done",
    ]
    response = events[-1]["response"]
    assert response["id"] == events[0]["response_id"] and response["status"] == "completed"
    assert response["output"][0]["content"] == [{"type": "output_text", "text": "Fire!"}]
    numbers = [event["server_event_seq"] for event in events]
    assert numbers == list(range(numbers[0], numbers[0] + len(events)))


@pytest.mark.parametrize(
    ("reason", "status"), [("cancelled", "cancelled"), ("length", "incomplete"), ("eos", "completed")]
)
def test_how_a_reply_ended_is_its_status(reason: Any, status: str) -> None:
    conversation, _ = opened()
    for event in (decision(3, True), *SPEECH[:2]):
        conversation.tell(event)
    assert conversation.tell(ReplyEnd(0, "Fi", None, reason, 1, 9.0))[-1]["response"]["status"] == status


def test_a_reply_asked_for_comes_at_the_next_decision_only() -> None:
    conversation, stream = opened()
    conversation.receive(append(100))
    conversation.receive({"type": "input_audio_buffer.commit"})
    assert conversation.receive({"type": "response.create"}) == []
    assert stream.thresholds[-1] == 0.0 and stream.samples == CHUNK  # silence fills the chunk
    assert code(conversation.receive({"type": "response.create"})) == "conversation_already_has_active_response"
    conversation.tell(decision(0, True))
    assert stream.thresholds[-1] == 0.5


def test_silence_that_we_put_in_is_not_counted_as_received() -> None:
    conversation, _ = opened(audio=INTERRUPTS)
    for number in range(3):
        conversation.receive(append(1600))
        conversation.receive({"type": "input_audio_buffer.commit"})
        conversation.receive({"type": "response.create"})
        assert conversation.resumed()["received_ms"] == 100 * (number + 1)
        conversation.tell(decision(number, True))
        if number < 2:
            for event in SPEECH:
                conversation.tell(event)
    conversation.tell(SPEECH[0])
    (started,) = conversation.receive(spoken_append(0.5))
    assert started["audio_start_ms"] == 800


def test_cancel_reaches_the_stream_and_withdraws_what_was_asked() -> None:
    conversation, stream = opened()
    conversation.receive({"type": "response.create"})
    assert conversation.receive({"type": "response.cancel"}) == []
    assert stream.calls == ["cancel"] and stream.thresholds[-1] == 0.5


def test_text_becomes_what_is_listened_for() -> None:
    conversation, stream = opened()
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Tell me when it rains."}]}
    events = conversation.receive({"type": "conversation.item.create", "item": item})
    assert kinds(events) == ["conversation.item.added", "conversation.item.done"]
    assert stream.instruction == "Tell me when it rains."
    assert [event["server_event_seq"] for event in events] == [2, 3], "no number is lost behind session.updated"


@pytest.mark.parametrize("bad", [{"type": "input_audio", "audio": "%%"}, {"type": "input_text", "text": "x" * 4001}])
def test_an_item_with_an_error_in_its_last_part_changes_nothing(bad: dict[str, Any]) -> None:
    conversation, stream = opened(instructions="Dogs.")
    content = [{"type": "input_text", "text": "Cats."}, {"type": "input_audio", "audio": append(CHUNK)["audio"]}, bad]
    item = {"type": "message", "role": "user", "id": "mine", "content": content}
    assert code(conversation.receive({"type": "conversation.item.create", "item": item})).startswith("realtime.")
    assert conversation.settings.instructions == stream.instruction == "Dogs." and stream.samples == 0
    item["content"] = content[:2]
    assert (
        kinds(conversation.receive({"type": "conversation.item.create", "item": item}))[0] == "conversation.item.added"
    )
    assert stream.instruction == "Cats." and stream.samples == CHUNK


def test_replies_are_cut_to_what_was_played_and_items_deleted() -> None:
    conversation, stream = opened()
    item_id = speak(conversation)[-1]["response"]["output"][0]["id"]
    ack = {"type": "playback.ack", "item_id": item_id, "played_characters": 1}
    (progress,) = conversation.receive(ack)
    assert progress["event"]["history_committed"] is False and stream.truncated == []
    (final,) = conversation.receive({**ack, "played_characters": 2, "final": True})
    assert final["type"] == "playback.acknowledged" and final["event"]["history_committed"] is True
    cut = {"type": "conversation.item.truncate", "item_id": item_id, "audio_end_ms": 100, "content_index": 0}
    assert kinds(conversation.receive(cut)) == ["conversation.item.truncated"]
    assert stream.truncated == [(0, 2), (0, 0)]
    delete = {"type": "conversation.item.delete", "item_id": item_id}
    assert kinds(conversation.receive(delete)) == ["conversation.item.deleted"]
    assert code(conversation.receive(delete)) == "item_not_found"


@pytest.mark.parametrize("played", [None, -1, True, 1.5])
def test_what_was_played_must_be_a_number(played: Any) -> None:
    conversation, stream = opened()
    item_id = speak(conversation)[-1]["response"]["output"][0]["id"]
    ack = {"type": "playback.ack", "item_id": item_id, "played_characters": played, "final": True}
    assert code(conversation.receive(ack)) == "realtime.played" and stream.truncated == []
    written = {"type": "playback.ack", "item_id": item_id, "played_ms": 100, "final": True}
    assert code(conversation.receive(written)) == "realtime.played", "what was written has no length in time"


INTERRUPTS = {"input": {"format": {"type": "audio/pcm", "rate": 16000}, "turn_detection": {"interrupt_response": True}}}


def spoken_append(seconds: float, level: float = 0.2) -> dict[str, Any]:
    """A voice's buzz, or at level 0 silence."""
    time = np.arange(round(seconds * 16_000)) / 16_000
    buzz = level * np.sum([np.sin(2 * np.pi * 150 * k * time) / k for k in range(1, 12)], axis=0)
    return {"type": "input_audio_buffer.append", "audio": base64.b64encode(to_s16le(buzz.astype(np.float32))).decode()}


def test_a_voice_over_the_reply_ends_it_where_that_is_asked_for() -> None:
    conversation, stream = opened(audio=INTERRUPTS)
    detection = conversation.created()["session"]["audio"]["input"]["turn_detection"]
    assert detection["interrupt_response"] is True
    conversation.receive(append(CHUNK))
    for event in (decision(0, True), *SPEECH[:2]):
        conversation.tell(event)
    (started,) = conversation.receive(spoken_append(0.5))
    assert started["type"] == "input_audio_buffer.speech_started" and stream.calls == ["cancel"]
    done = conversation.tell(ReplyEnd(0, "Fi", None, "cancelled", 1, 9.0))[-1]["response"]
    assert done["status_details"] == {"type": "cancelled", "reason": "turn_detected"}
    (stopped,) = conversation.receive(spoken_append(0.6, level=0.0))
    assert stopped["item_id"] == started["item_id"]
    assert stopped["audio_end_ms"] > started["audio_start_ms"] and stream.calls == ["cancel"]


def test_a_voice_in_an_item_over_the_reply_is_told_of() -> None:
    conversation, stream = opened(audio=INTERRUPTS)
    conversation.receive(append(CHUNK))
    for event in (decision(0, True), *SPEECH[:2]):
        conversation.tell(event)
    content = [{"type": "input_audio", "audio": spoken_append(0.5)["audio"]}]
    item = {"type": "message", "role": "user", "content": content}
    events = conversation.receive({"type": "conversation.item.create", "item": item})
    assert kinds(events) == [
        "input_audio_buffer.speech_started",
        "conversation.item.added",
        "conversation.item.done",
    ]
    assert stream.calls == ["cancel"]


def test_a_voice_without_a_reply_or_without_the_setting_ends_nothing() -> None:
    for settings in ({"audio": INTERRUPTS}, {}):
        conversation, stream = opened(**settings)
        if not settings:
            for event in (decision(0, True), *SPEECH[:2]):
                conversation.tell(event)
        assert conversation.receive(spoken_append(1.0)) == [] and stream.calls == []


def test_a_reply_that_a_fault_broke_off_is_closed_on_the_wire() -> None:
    conversation, _ = opened()
    for event in (decision(3, True), *SPEECH[:2]):
        conversation.tell(event)
    events = conversation.tell(End(1.6, 4, 1, None, None, None))
    assert events[-1]["type"] == "response.done" and events[-1]["response"]["status"] == "cancelled"


def test_own_events_only_for_who_asked() -> None:
    end = End(1.0, 2, 0, None, None, None)
    quiet, _ = opened()
    assert quiet.tell(Memory(4.0, 1)) == [] and quiet.tell(end) == [] and quiet.is_over
    asked, _ = opened(soundflow={"events": True})
    assert kinds(asked.tell(Memory(4.0, 1)) + asked.tell(end)) == ["soundflow.memory", "soundflow.end"]


def test_what_the_stream_could_not_do_is_an_error_event() -> None:
    conversation, _ = opened()
    assert code(conversation.tell(Error("stream.queue_full", "2 chunks dropped", "slow"))) == "stream.queue_full"


def test_items_are_forgotten_from_the_oldest_on() -> None:
    conversation = Conversation(FACTS, most_items=2, ids=Ids("s"))
    stream = FakeStream()
    conversation.attach(lambda i, t: stream)
    for name in "abc":
        conversation.receive(
            {"type": "conversation.item.create", "item": {"id": name, "type": "message", "content": []}}
        )
    assert code(conversation.receive({"type": "conversation.item.delete", "item_id": "a"})) == "item_not_found"


@pytest.mark.parametrize(
    "text",
    [
        r'{"type":"session.update","session":{"instructions":"bark \ud83d"}}',
        r'{"type":"x","event_id":"\ude00"}',
        r'{"type":"x","\ud83d":1}',
        '{"type":"conversation.item.create","item":{"type":"message","role":1e999,"content":[]}}',
        '{"type":"x","n":[-1e999]}',
    ],
)
def test_what_could_not_be_told_back_is_refused(text: str) -> None:
    with pytest.raises(SoundflowError) as refused:
        read_message(text)
    assert refused.value.code == "realtime.json"


def test_escapes_and_numbers_that_mean_something_are_read() -> None:
    message = read_message(r'{"type":"x","text":"\ud83d\ude00 \\ud83d \u00e9","n":-1.5e3}')
    assert message["text"] == "\U0001f600 \\ud83d é" and message["n"] == -1500.0


def nonsense(chance: random.Random) -> str | bytes:
    """A message that may be anything: broken JSON, wrong types, known events with odd fields."""
    odd: list[Any] = [None, True, -1, 1e308, "", "x" * 300, [], {}, [[]], {"type": 1}, "AAAA", "\ud83d\ude00", "é=="]
    fields = ("session", "audio", "item", "item_id", "audio_end_ms", "event_id", "played_characters", "response")
    known = [kind for kind in _ACTS if kind != "soundflow.end"]  # nothing would be heard behind it
    message: dict[str, Any] = {"type": chance.choice([*known, *map(str, odd)])}
    message |= {chance.choice(fields): chance.choice(odd) for _ in range(chance.randrange(4))}
    if chance.random() < 0.3:
        inner = chance.choice(
            ["instructions", "audio", "soundflow", "type", "content", "id", "role", "output_modalities"]
        )
        message[chance.choice(["session", "item"])] = {
            "type": "message",
            inner: chance.choice(odd),
            "content": [chance.choice(odd)],
        }
    text = json.dumps(message)
    if chance.random() < 0.15:
        place = chance.randrange(len(text))
        return text[:place] + chance.choice(["", "[", "\x00", "NaN", "{" * 2000]) + text[place + 1 :]
    return text.encode() if chance.random() < 0.02 else text


def test_ten_thousand_messages_of_nonsense_break_nothing() -> None:
    chance = random.Random(12)
    conversation, stream = opened()
    failed = 0
    for _ in range(10_000):
        try:
            message = read_message(nonsense(chance))
        except SoundflowError as failure:
            events = [conversation.failed(failure)]
        else:
            events = conversation.receive(message)
        failed += sum(event["type"] == "error" for event in events)
        json.dumps(events, allow_nan=False)
        stream.heard.clear()
    assert failed > 2000
    conversation.receive(
        {"type": "session.update", "session": {"audio": {"input": {"format": {"type": "audio/pcm", "rate": 16000}}}}}
    )
    conversation.receive({"type": "input_audio_buffer.clear"})
    conversation.receive(append(CHUNK))
    assert stream.samples == CHUNK and np.all(stream.heard[-1] == 0)
