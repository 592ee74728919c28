"""One reply as the protocol tells it: response, item, content part, text, each opened and closed.

Tests: tests/serve/test_conversation.py.
"""

from __future__ import annotations

from typing import Any

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
    """The wire events of one reply, from `response.created` to `response.done`."""

    def __init__(self, ids: Ids, stamp: Stamp, previous_item: str | None) -> None:
        self.response_id = ids.new("resp")
        self.item_id = ids.new("item")
        self.reply = -1
        self.text = ""
        self.cancel_reason = "client_cancelled"  # should it be cancelled
        self._stamp = stamp
        self._previous_item = previous_item
        self._emotion: str | None = None

    def start(self, event: ReplyStart) -> list[ServerEvent]:
        """Open the response, its item and its part."""
        self.reply, self._emotion = event.reply, event.emotion
        item = self._item("in_progress", [])
        return [
            self._stamp("response.created", response=self._response("in_progress", [])),
            self._stamp("response.output_item.added", **self._place(), item=item),
            self._stamp("conversation.item.added", previous_item_id=self._previous_item, item=item),
            self._stamp("response.content_part.added", **self._spot(), part={"type": "text", "text": ""}),
        ]

    def delta(self, event: ReplyDelta) -> list[ServerEvent]:
        """More of the text."""
        self.text += event.text
        return [self._stamp("response.output_text.delta", **self._spot(), delta=event.text)]

    def end(self, event: ReplyEnd) -> list[ServerEvent]:
        """Close the part, the item and the response."""
        self.text = event.text
        status, details = _STATUS[event.reason]
        if status == "cancelled":
            details = {"type": "cancelled", "reason": self.cancel_reason}
        item = self._item("completed" if status == "completed" else "incomplete", [self._content()])
        usage = {"total_tokens": event.tokens, "input_tokens": 0, "output_tokens": event.tokens}
        response = {**self._response(status, [item]), "status_details": details, "usage": usage}
        return [
            self._stamp("response.output_text.done", **self._spot(), text=event.text),
            self._stamp("response.content_part.done", **self._spot(), part={"type": "text", "text": event.text}),
            self._stamp("response.output_item.done", **self._place(), item=item),
            self._stamp("conversation.item.done", previous_item_id=self._previous_item, item=item),
            self._stamp("response.done", response=response),
        ]

    def _content(self) -> dict[str, Any]:
        return {"type": "output_text", "text": self.text}

    def _item(self, status: str, content: list[dict[str, Any]]) -> dict[str, Any]:
        kind = {"type": "message", "object": "realtime.item", "role": "assistant"}
        return {"id": self.item_id, **kind, "status": status, "content": content}

    def _response(self, status: str, output: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "id": self.response_id,
            "object": "realtime.response",
            "status": status,
            "output": output,
            "output_modalities": ["text"],
            "metadata": {"emotion": self._emotion} if self._emotion else None,
        }

    def _place(self) -> dict[str, Any]:
        return {"response_id": self.response_id, "output_index": 0}

    def _spot(self) -> dict[str, Any]:
        return {"response_id": self.response_id, "item_id": self.item_id, "output_index": 0, "content_index": 0}
