"""One client's session as the protocol sees it: client events in, server events out, calls on a stream in between.

Has no socket or thread in it and its clock is handed in; docs/reference/realtime.md says event by event what it does.
Tests: tests/serve/test_conversation.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeGuard

from soundflow.errors import InputError, SoundflowError, UsageError
from soundflow.serve.facts import ModelFacts, session_object
from soundflow.serve.intake import Intake
from soundflow.serve.items import Items, item_object, read_item
from soundflow.serve.overlap import VoiceOver
from soundflow.serve.replies import Replies
from soundflow.serve.sessions import Samples, Stream
from soundflow.serve.settings import Settings
from soundflow.serve.speech import Mouth, SpeechDelta, SpeechEnd, Spoken
from soundflow.serve.wire import Ids, Message, ServerEvent, Stamp, error_fields
from soundflow.stream.clock import Clock, WallClock
from soundflow.stream.events import Decision, End, Error, Event, Memory, ReplyDelta, ReplyEnd, ReplyStart

_ALWAYS = 0.0  # threshold from which the model speaks whatever it heard


class Conversation:
    """The state of one session. The stream is opened by `attach`, before the first event that needs one.

    Args:
        facts: of the model.
        most_items: how many items stay known by id.
        ids: where names come from; None draws a session's name at random.
        clock: tells sound that is live from sound that is uploaded; None is the machine's.
        mouth: says replies aloud to a client that asks for sound; None where the server has no voice.
    """

    def __init__(
        self,
        facts: ModelFacts,
        most_items: int = 256,
        ids: Ids | None = None,
        clock: Clock | None = None,
        mouth: Mouth | None = None,
    ) -> None:
        self.settings = Settings()
        self.is_over = False
        self._facts = facts
        self._ids = ids or Ids()
        self._stamp = Stamp(self._ids)
        self._stream: Stream | None = None
        self._intake = Intake(facts.chunk_seconds, self.settings.input_format, clock or WallClock())
        self._is_asked = False  # response.create waits for its decision
        self._voice = VoiceOver()
        self._speech_item: str | None = None  # while somebody speaks over a reply
        self._items = Items(most_items)
        self._mouth = mouth
        self._replies = Replies(self._ids, self._stamp, mouth)
        self._hears = True  # until the client, the server or a fault ends the sound
        self._end: End | None = None  # comes when the last reply was said

    @property
    def id(self) -> str:
        """The session's name on the wire."""
        return f"sess_{self._ids.session}"

    @property
    def sent_seconds(self) -> float:
        """Seconds of sound that the client sent, and of silence that filled its chunks."""
        return self._intake.sent_seconds

    @property
    def decided_seconds(self) -> float:
        """Seconds of sound that the stream has decided on."""
        return self._intake.decided_seconds

    @property
    def ahead_seconds(self) -> float:
        """Sound that the client sent and that is not decided yet."""
        return self._intake.ahead_seconds

    @property
    def is_behind(self) -> bool:
        """Whether sound the client sent is still held back; what it sends next must wait for it."""
        return self._intake.is_behind

    def created(self, **ticket: object) -> ServerEvent:
        """The first event of a session; `ticket` is what it takes to come back to it."""
        return self._stamp("session.created", session=self._session(), **ticket)

    def resumed(self, **ticket: object) -> ServerEvent:
        """The first event over another socket: without a number, so that those that were missed can follow."""
        heard = {"received_ms": self._received_ms}
        return self.aside("session.resumed", session=self._session(), **heard, **ticket)

    def aside(self, kind: str, **fields: object) -> ServerEvent:
        """An event about the session's connection."""
        return self._stamp.aside(kind, session_id=self.id, **fields)

    def needs_stream(self, message: Message) -> bool:
        """Whether the stream must be attached before this message is received."""
        return self._stream is None and message["type"] != "session.update"

    def attach(self, open_stream: Callable[[str | None, float | None], Stream]) -> None:
        """Open the stream with the settings so far."""
        self._stream = open_stream(self.settings.instructions, self.settings.threshold)

    def wake_with(self, wake: Callable[[], None]) -> None:
        """What the voice calls, from its own thread, when it said something."""
        if self._mouth is not None:
            self._mouth.wake = wake

    def receive(self, message: Message) -> list[ServerEvent]:
        """Do what a client event asks for; what cannot be done is an `error` event and changes nothing."""
        try:
            act = _ACTS.get(message["type"])
            if act is None:
                known = "see docs/reference/realtime.md for those that are"
                raise InputError("realtime.unknown_event", f"no event {message['type'][:60]!r} is known here", known)
            return act(self, message)
        except SoundflowError as failure:
            return [self.failed(failure, message.get("event_id"))]

    def tell(self, event: Event | Spoken) -> list[ServerEvent]:
        """The wire form of what the stream or the voice said; the stream is given the sound that waited for it."""
        told = self._told(event)
        self._let_through()
        if self._end is not None and not self._replies.is_any_open:
            self.is_over = True
            told += self._own(self._end)
        return told

    def _told(self, event: Event | Spoken) -> list[ServerEvent]:
        match event:
            case Decision():
                return self._decided(event)
            case ReplyStart() | ReplyDelta() | ReplyEnd() | SpeechDelta() | SpeechEnd():
                if isinstance(event, ReplyStart) and (item := self._replies.next_item()) is not None:
                    self._items.add(item, event.reply)
                return self._replies.tell(event)
            case Error():
                return [self.failed(SoundflowError(event.code, event.message, event.hint))]
            case End():
                self._end = event
                return self._replies.break_off()
            case Memory():
                return self._own(event)

    def failed(self, failure: SoundflowError, caused_by: object = None) -> ServerEvent:
        """An error event."""
        return self._stamp("error", error=error_fields(failure, caused_by))

    def end(self) -> None:
        """Let the stream finish what it has; sound that is held back, or still comes, is not heard any more."""
        self._hear_no_more()
        if self._stream is not None:
            self._stream.end()

    def take(self) -> list[Event | Spoken]:
        """What the stream and the voice said since they were last asked."""
        told = [] if self._stream is None else self._stream.take()
        return [*told, *([] if self._mouth is None else self._mouth.take())]

    def close(self) -> None:
        """Stop the stream and the voice, and let go of the stream: its memory must not wait for a garbage collector."""
        if self._mouth is not None:
            self._mouth.cancel()
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    @property
    def is_attached(self) -> bool:
        """Whether there is a stream."""
        return self._stream is not None

    # --- what the client asks for ---

    def _update(self, message: Message) -> list[ServerEvent]:
        self._change(message.get("session"))
        return [self._stamp("session.updated", session=self._session())]

    def _change(self, session: object) -> None:
        new = self.settings.updated(session, can_speak=self._mouth is not None)
        old = self.settings
        if self._stream is not None:
            if new.instructions != old.instructions:
                self._stream.set_instruction(new.instructions)
            if new.threshold != old.threshold and not self._is_asked:
                self._stream.set_threshold(self._facts.threshold_of(new))
        if new.input_format != old.input_format:
            self._intake.restart(new.input_format)
        self.settings = new

    def _append(self, message: Message) -> list[ServerEvent]:
        return self._hear(message.get("audio"))

    def _commit(self, message: Message) -> list[ServerEvent]:
        if not self._intake.waits_for_commit:
            raise InputError("input_audio_buffer_commit_empty", "no sound since the last commit", "append some first")
        self._intake.commit()
        item_id, before = self._ids.new("item"), self._items.newest
        self._items.add(item_id)
        item = item_object(item_id, [{"type": "input_audio", "transcript": None}])
        return [
            self._stamp("input_audio_buffer.committed", item_id=item_id, previous_item_id=before),
            *self._added(item, before),
        ]

    def _clear(self, message: Message) -> list[ServerEvent]:
        self._intake.commit()
        self._intake.restart(self.settings.input_format)
        return [self._stamp("input_audio_buffer.cleared")]

    def _create_item(self, message: Message) -> list[ServerEvent]:
        item = read_item(message.get("item"), self._items)
        item_id, before = item.item_id or self._ids.new("item"), self._items.newest
        if item.texts:  # which are no sound: the last becomes what the session listens for
            self._change({"instructions": item.texts[-1]})
        told = [event for sound in item.sounds for event in self._hear(sound)]
        self._items.add(item_id)
        return [*told, *self._added(item_object(item_id, item.shown, item.role), before)]

    def _delete_item(self, message: Message) -> list[ServerEvent]:
        return [self._stamp("conversation.item.deleted", item_id=self._items.delete(message))]

    def _truncate_item(self, message: Message) -> list[ServerEvent]:
        item_id, reply = self._items.reply(message, "only replies can be truncated")
        played_ms = message.get("audio_end_ms")
        if not isinstance(played_ms, int) or isinstance(played_ms, bool) or played_ms < 0:
            raise InputError("realtime.audio_end_ms", "no audio_end_ms", "send whole milliseconds from 0")
        characters = message.get("soundflow_characters", self._replies.played_characters(reply, played_ms))
        if not isinstance(characters, int) or characters < 0:
            raise InputError("realtime.characters", "no soundflow_characters", "send a whole number from 0")
        self._open_stream().truncate(reply, characters)
        fields = {"item_id": item_id, "content_index": 0, "audio_end_ms": played_ms}
        return [self._stamp("conversation.item.truncated", **fields)]

    def _ask(self, message: Message) -> list[ServerEvent]:
        if self._replies.is_any_open or self._is_asked:
            hint = "wait for response.done, or send response.cancel"
            raise UsageError("conversation_already_has_active_response", "a reply is being spoken or asked for", hint)
        self._open_stream().set_threshold(_ALWAYS)
        self._is_asked = True
        if self._hears and not self._intake.waits_for_commit:
            self._intake.pad()  # a client that takes turns sends nothing more until it is answered
            self._let_through()
        return []

    def _cancel(self, message: Message) -> list[ServerEvent]:
        self._withdraw()
        self._replies.cancel("client_cancelled")
        self._open_stream().cancel()
        return []

    def _played(self, message: Message) -> list[ServerEvent]:
        item_id, reply = self._items.reply(message, "only replies are played")
        characters, played_ms = message.get("played_characters"), message.get("played_ms")
        if characters is None and _is_count(played_ms) and self._replies.is_said(reply):
            characters = self._replies.played_characters(reply, played_ms)
        if not _is_count(characters):
            hint = "send whole numbers from 0; played_ms is for replies that were said aloud"
            raise InputError("realtime.played", "no played_characters and no played_ms", hint)
        is_last = message.get("final") is True or message.get("truncate") is True
        if is_last:
            self._open_stream().truncate(reply, characters)
        played = {"item_id": item_id, "played_characters": characters, "history_committed": is_last}
        return [self._stamp("playback.acknowledged", event={"type": "playback.acknowledged", **played})]

    def _finish(self, message: Message) -> list[ServerEvent]:
        self.end()
        return []

    # --- what is behind it ---

    def _hear(self, audio: object) -> list[ServerEvent]:
        if not self._hears:
            return []
        samples = self._intake.hear(audio)
        self._let_through()
        return self._interrupted(samples) if self.settings.interrupts else []

    def _interrupted(self, samples: Samples) -> list[ServerEvent]:
        """A voice over the reply ends it; what begins and ends is told as OpenAI's clients expect it."""
        self._voice.hear(samples)
        at_ms = self._received_ms
        if self._speech_item is None and self._voice.is_voice and self._replies.is_any_open:
            self._speech_item = self._ids.new("item")
            self._replies.cancel("turn_detected")
            self._open_stream().cancel()
            return [self._stamp("input_audio_buffer.speech_started", audio_start_ms=at_ms, item_id=self._speech_item)]
        if self._speech_item is not None and not self._voice.is_voice:
            item, self._speech_item = self._speech_item, None
            return [self._stamp("input_audio_buffer.speech_stopped", audio_end_ms=at_ms, item_id=item)]
        return []

    def _let_through(self) -> None:
        if not self._hears:
            return
        try:
            for samples in self._intake.due(self._replies.is_writing):
                self._open_stream().feed(samples)
        except UsageError:  # the stream stopped by itself; why is in what it says next
            self._hear_no_more()

    def _hear_no_more(self) -> None:
        self._hears = False
        self._intake.drop()

    def _decided(self, event: Decision) -> list[ServerEvent]:
        self._intake.decided_seconds = event.end
        waiting = max(0, int((self.sent_seconds - event.end) / self._facts.chunk_seconds))
        fields: dict[str, Any] = {k: v for k, v in event.to_dict().items() if k not in ("type", "decision")}
        fields["queue_depth"] = waiting
        if event.decision == "silent":
            return [self._stamp("response.listen", **fields)]
        self._withdraw()
        response = self._replies.announce(self._items.newest, self.settings.spoken_format)
        return [self._stamp("response.speak", response_id=response, **fields)]

    def _withdraw(self) -> None:
        """The reply that was asked for is there, or no longer wanted: back to the session's threshold."""
        if self._is_asked:
            self._is_asked = False
            self._open_stream().set_threshold(self._facts.threshold_of(self.settings))

    def _own(self, event: Event) -> list[ServerEvent]:
        if not self.settings.own_events or not isinstance(event, (Memory, End)):
            return []
        fields = event.to_dict()
        return [self._stamp(f"soundflow.{fields.pop('type')}", **fields)]

    @property
    def _received_ms(self) -> int:
        """Of the client's sound, by its own count: silence that we put in is none of it."""
        return round(1000 * self._intake.received_seconds)

    def _open_stream(self) -> Stream:
        assert self._stream is not None, "the connection attaches a stream first"
        return self._stream

    def _added(self, item: dict[str, Any], before: str | None) -> list[ServerEvent]:
        return [
            self._stamp("conversation.item.added", previous_item_id=before, item=item),
            self._stamp("conversation.item.done", previous_item_id=before, item=item),
        ]

    def _session(self) -> dict[str, Any]:
        return session_object(self.id, self._facts, self.settings, has_voice=self._mouth is not None)


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


_ACTS: dict[str, Callable[[Conversation, Message], list[ServerEvent]]] = {
    "session.update": Conversation._update,
    "input_audio_buffer.append": Conversation._append,
    "input_audio_buffer.commit": Conversation._commit,
    "input_audio_buffer.clear": Conversation._clear,
    "conversation.item.create": Conversation._create_item,
    "conversation.item.delete": Conversation._delete_item,
    "conversation.item.truncate": Conversation._truncate_item,
    "response.create": Conversation._ask,
    "response.cancel": Conversation._cancel,
    "playback.ack": Conversation._played,
    "soundflow.end": Conversation._finish,
}
