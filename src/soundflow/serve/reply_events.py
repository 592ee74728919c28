"""One reply as the protocol tells it: response, item, content part, text or sound, each opened and closed.

Tests: tests/serve/test_conversation.py, tests/serve/test_replies.py.
"""

from __future__ import annotations

from typing import Any

from soundflow.serve.sound_marks import SoundMarks
from soundflow.serve.speech import SpeechDelta, SpeechEnd
from soundflow.serve.speech_wire import WireSpeech
from soundflow.serve.wire import Ids, ServerEvent, Stamp
from soundflow.stream.events import ReplyDelta, ReplyEnd, ReplyStart

# how our reasons are called there: status, and the reason beside it
_STATUS = {
    "eos": ("completed", None),
    "repetition": ("completed", None),
    "length": ("incomplete", {"type": "incomplete", "reason": "max_output_tokens"}),
    "cancelled": ("cancelled", None),  # the reply knows who cancelled it
}


class ReplyEvents:
    """The wire events of one reply, from `response.created` to `response.done`.

    Args:
        ids: where its names come from.
        stamp: what its events are made with.
        previous_item: the item before it.
        wire: turns its sound into bytes; None where the reply is text.
    """

    def __init__(self, ids: Ids, stamp: Stamp, previous_item: str | None, wire: WireSpeech | None = None) -> None:
        self.response_id = ids.new("resp")
        self.item_id = ids.new("item")
        self.text = ""
        self.cancel_reason = "client_cancelled"  # should it be cancelled
        self.ended: ReplyEnd | None = None  # when its text is over
        self.is_done = False
        self.marks = SoundMarks()
        self._stamp = stamp
        self._previous_item = previous_item
        self._wire = wire
        self._is_silent = wire is None  # no sound is to come
        self._is_cut = False  # somebody stopped the sound
        self._emotion: str | None = None

    @property
    def is_spoken(self) -> bool:
        """Whether it is said aloud."""
        return self._wire is not None

    def start(self, event: ReplyStart) -> list[ServerEvent]:
        """Open the response, its item and its part."""
        self._emotion = event.emotion
        item = self._item("in_progress", [])
        return [
            self._stamp("response.created", response=self._response("in_progress", [])),
            self._stamp("response.output_item.added", **self._place(), item=item),
            self._stamp("conversation.item.added", previous_item_id=self._previous_item, item=item),
            self._stamp("response.content_part.added", **self._spot(), part=self._part()),
        ]

    def delta(self, event: ReplyDelta) -> list[ServerEvent]:
        """More of the text."""
        self.text += event.text
        return [self._stamp(f"response.{self._words}.delta", **self._spot(), delta=event.text)]

    def sound(self, event: SpeechDelta) -> list[ServerEvent]:
        """More of the sound."""
        if self._wire is None:
            return []
        pieces = self._wire.feed(event.samples)
        self.marks.add(self.text, event.sentence, event.is_first, self._wire.milliseconds)
        return self._sent(pieces)

    def end(self, event: ReplyEnd) -> list[ServerEvent]:
        """The text is over; what is open is closed when the sound is, too."""
        self.text = event.text
        self.ended = event
        return self._closing() if self._is_silent else []

    def sound_over(self, event: SpeechEnd) -> list[ServerEvent]:
        """The sound is over; what is open is closed when the text is, too."""
        self._is_silent = True
        self._is_cut = event.outcome == "cancelled"
        rest = self._sent([] if self._wire is None or self._is_cut else self._wire.end())
        if self._wire is not None and event.outcome == "whole":
            self.marks.finish(self.text, self._wire.milliseconds)
        done = self._stamp("response.output_audio.done", **self._spot())
        return [*rest, done, *self._closing()]

    @property
    def _words(self) -> str:
        return "output_audio_transcript" if self.is_spoken else "output_text"

    def _sent(self, pieces: list[str]) -> list[ServerEvent]:
        return [self._stamp("response.output_audio.delta", **self._spot(), delta=piece) for piece in pieces]

    def _closing(self) -> list[ServerEvent]:
        """Close the part, the item and the response."""
        if self.ended is None:
            return []
        self.is_done = True
        status, details = _STATUS["cancelled" if self._is_cut else self.ended.reason]
        if status == "cancelled":
            details = {"type": "cancelled", "reason": self.cancel_reason}
        item = self._item("completed" if status == "completed" else "incomplete", [self._content()])
        tokens = self.ended.tokens
        usage = {"total_tokens": tokens, "input_tokens": 0, "output_tokens": tokens}
        response = {**self._response(status, [item]), "status_details": details, "usage": usage}
        words = {"transcript" if self.is_spoken else "text": self.text}
        return [
            self._stamp(f"response.{self._words}.done", **self._spot(), **words),
            self._stamp("response.content_part.done", **self._spot(), part=self._part()),
            self._stamp("response.output_item.done", **self._place(), item=item),
            self._stamp("conversation.item.done", previous_item_id=self._previous_item, item=item),
            self._stamp("response.done", response=response),
        ]

    def _part(self) -> dict[str, Any]:
        return {"type": "audio", "transcript": self.text} if self.is_spoken else {"type": "text", "text": self.text}

    def _content(self) -> dict[str, Any]:
        return {**self._part(), "type": "output_audio" if self.is_spoken else "output_text"}

    def _item(self, status: str, content: list[dict[str, Any]]) -> dict[str, Any]:
        kind = {"type": "message", "object": "realtime.item", "role": "assistant"}
        return {"id": self.item_id, **kind, "status": status, "content": content}

    def _response(self, status: str, output: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "id": self.response_id,
            "object": "realtime.response",
            "status": status,
            "output": output,
            "output_modalities": ["audio"] if self.is_spoken else ["text"],
            "metadata": {"emotion": self._emotion} if self._emotion else None,
        }

    def _place(self) -> dict[str, Any]:
        return {"response_id": self.response_id, "output_index": 0}

    def _spot(self) -> dict[str, Any]:
        return {"response_id": self.response_id, "item_id": self.item_id, "output_index": 0, "content_index": 0}
