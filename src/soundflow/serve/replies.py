"""The replies of one session that are not over on the wire: announced, being written, or being said aloud.

One is written at a time; the voice may still be saying the one before. Tests: tests/serve/test_replies.py.
"""

from __future__ import annotations

from collections import deque
from typing import TypeAlias

from soundflow.serve.reply_events import ReplyEvents
from soundflow.serve.sound_marks import SoundMarks
from soundflow.serve.speech import Mouth, SpeechDelta, SpeechEnd
from soundflow.serve.speech_wire import WireSpeech
from soundflow.serve.wire import Ids, ServerEvent, Stamp
from soundflow.serve.wire_audio import AudioFormat
from soundflow.stream.events import ReplyDelta, ReplyEnd, ReplyStart

_KEPT_MARKS = 256  # replies whose marks stay known, for those that are cut to what was played; chosen

Telling: TypeAlias = ReplyStart | ReplyDelta | ReplyEnd | SpeechDelta | SpeechEnd


class Replies:
    """Tells replies from `response.created` to `response.done`.

    Args:
        ids: where names come from.
        stamp: what events are made with.
        mouth: says replies aloud; None where the server has no voice.
    """

    def __init__(self, ids: Ids, stamp: Stamp, mouth: Mouth | None) -> None:
        self._ids = ids
        self._stamp = stamp
        self._mouth = mouth
        self._announced: deque[ReplyEvents] = deque()  # decided, and not begun
        self._open: dict[int, ReplyEvents] = {}  # begun, and not done
        self._said: dict[int, SoundMarks] = {}  # replies that are done and were said aloud

    @property
    def is_any_open(self) -> bool:
        """Whether a reply is not done on the wire."""
        return bool(self._announced or self._open)

    @property
    def is_writing(self) -> bool:
        """Whether the text of a reply is not over."""
        return bool(self._announced) or any(reply.ended is None for reply in self._open.values())

    def announce(self, previous_item: str | None, sound: AudioFormat | None) -> str:
        """The model decided to speak: the name of the response that follows.

        Args:
            sound: the wire's format where the reply is said aloud, None where it is text.
        """
        wire = None if sound is None or self._mouth is None else WireSpeech(sound, self._mouth.rate)
        self._announced.append(ReplyEvents(self._ids, self._stamp, previous_item, wire))
        return self._announced[-1].response_id

    def next_item(self) -> str | None:
        """The name of the item that begins next."""
        return self._announced[0].item_id if self._announced else None

    def tell(self, event: Telling) -> list[ServerEvent]:
        """What happened to a reply, for the client; of one that nobody announced nothing is told."""
        match event:
            case ReplyStart() if self._announced:
                self._open[event.reply] = self._announced.popleft()
                return self._open[event.reply].start(event)
            case ReplyDelta() if (reply := self._open.get(event.reply)) is not None:
                if reply.is_spoken and self._mouth is not None:
                    self._mouth.speak(event.reply, event.text)
                return reply.delta(event)
            case ReplyEnd() if (reply := self._open.get(event.reply)) is not None:
                if reply.is_spoken and self._mouth is not None:
                    self._stop_speaking(event)
                    self._mouth.finish(event.reply)
                return self._closed(event.reply, reply.end(event))
            case SpeechDelta() if (reply := self._open.get(event.reply)) is not None:
                return reply.sound(event)
            case SpeechEnd() if (reply := self._open.get(event.reply)) is not None:
                return self._closed(event.reply, reply.sound_over(event))
        return []

    def cancel(self, reason: str) -> None:
        """Whatever is open is not wanted any more; the stream is told by somebody else."""
        for reply in (*self._announced, *self._open.values()):
            reply.cancel_reason = reason
        if self._mouth is not None:
            self._mouth.cancel()

    def is_said(self, reply: int) -> bool:
        """Whether a reply is, or was, said aloud."""
        wire = self._open.get(reply)
        return reply in self._said or (wire is not None and wire.is_spoken)

    def played_characters(self, reply: int, played_ms: int) -> int:
        """How much of a reply's text so much of its sound stands for; 0 of one that was not said aloud."""
        wire = self._open.get(reply)
        marks = self._said.get(reply) if wire is None else wire.marks
        return 0 if marks is None else marks.characters(played_ms)

    def break_off(self) -> list[ServerEvent]:
        """Ends for replies whose text a fault of ours left without one."""
        self._announced.clear()
        left = [reply for reply, wire in self._open.items() if wire.ended is None]
        ends = [ReplyEnd(reply, self._open[reply].text, None, "cancelled", 0, None) for reply in left]
        return [event for end in ends for event in self.tell(end)]

    def _stop_speaking(self, event: ReplyEnd) -> None:
        if event.reason == "cancelled" and self._mouth is not None:
            self._mouth.cancel()

    def _closed(self, reply: int, events: list[ServerEvent]) -> list[ServerEvent]:
        if self._open[reply].is_done:
            wire = self._open.pop(reply)
            if wire.is_spoken:
                self._said[reply] = wire.marks
            while len(self._said) > _KEPT_MARKS:
                del self._said[next(iter(self._said))]
        return events
