"""The items of a conversation: which are known by id, which of them are replies, and how a client's are read.

Tests: tests/serve/test_items.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from soundflow.errors import InputError
from soundflow.serve.wire import Message
from soundflow.serve.wire_audio import from_base64

_MOST_ID = 64  # characters of an id that a client chose


class Items:
    """Ids in the order they came; the oldest are forgotten.

    Args:
        most: how many stay known.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._replies: dict[str, int | None] = {}  # id to the number of its reply, if it is one

    @property
    def newest(self) -> str | None:
        """The id that came last."""
        return next(reversed(self._replies), None)

    def add(self, item_id: str, reply: int | None = None) -> None:
        """An item; `reply` is its number where the model said it."""
        self._replies[item_id] = reply
        while len(self._replies) > self._most:
            del self._replies[next(iter(self._replies))]

    def __contains__(self, item_id: str) -> bool:
        return item_id in self._replies

    def named(self, message: Message) -> str:
        """The id a message names.

        Raises:
            InputError: none that is known (`item_not_found`).
        """
        item_id = message.get("item_id")
        if not isinstance(item_id, str) or item_id not in self._replies:
            hint = "send an item_id of this session"
            raise InputError("item_not_found", "no such item, or one that is forgotten", hint)
        return item_id

    def reply(self, message: Message, hint: str) -> tuple[str, int]:
        """The id a message names and the number of its reply.

        Args:
            hint: what can be done to replies only.

        Raises:
            InputError: as in `named`, or it is no reply (`realtime.item_role`).
        """
        item_id = self.named(message)
        reply = self._replies[item_id]
        if reply is None:
            raise InputError("realtime.item_role", f"item {item_id} is no reply", hint)
        return item_id, reply

    def delete(self, message: Message) -> str:
        """Forget the item a message names; raises as `named`."""
        item_id = self.named(message)
        del self._replies[item_id]
        return item_id


@dataclass(frozen=True)
class SentItem:
    """A message item of a client; `item_id` is None where it gave none."""

    item_id: str | None
    role: object
    parts: Sequence[Mapping[str, Any]]

    @property
    def texts(self) -> list[str]:
        """What it says in writing."""
        return [part["text"] for part in self.parts if part["type"] == "input_text"]

    @property
    def sounds(self) -> list[str]:
        """What is to be heard of it, in base64."""
        return [part["audio"] for part in self.parts if part["type"] == "input_audio"]

    @property
    def shown(self) -> list[dict[str, Any]]:
        """Its content as it is told back: without the sound."""
        return [{k: v for k, v in part.items() if k != "audio"} for part in self.parts]


def read_item(item: object, known: Items) -> SentItem:
    """A client's item.

    Raises:
        InputError: no message with content, a bad or known id, content that is neither text nor sound, or sound that is
            no base64 (`realtime.item`, `realtime.item_id`, `realtime.content`, `realtime.base64`).
    """
    content = item.get("content") if isinstance(item, Mapping) else None
    if not isinstance(item, Mapping) or item.get("type") != "message" or not isinstance(content, list):
        raise InputError("realtime.item", "no item of type message with content", "send a message item")
    item_id = item.get("id") or None
    if item_id is not None and (not isinstance(item_id, str) or len(item_id) > _MOST_ID or item_id in known):
        raise InputError("realtime.item_id", "an item id that is taken or no short text", "send another, or none")
    return SentItem(item_id, item.get("role", "user"), [_checked_part(part) for part in content])


def item_object(item_id: str, content: Sequence[Mapping[str, Any]], role: object = "user") -> dict[str, Any]:
    """A finished item as the protocol writes it."""
    kind = {"type": "message", "object": "realtime.item", "role": role, "status": "completed"}
    return {"id": item_id, **kind, "content": list(content)}


def _checked_part(part: object) -> Mapping[str, Any]:
    kind = part.get("type") if isinstance(part, Mapping) else None
    if isinstance(part, Mapping) and kind == "input_audio":
        from_base64(part.get("audio"))  # looked at now, so that an item with an error in its last part changes nothing
        return part
    if isinstance(part, Mapping) and kind == "input_text" and isinstance(part.get("text"), str):
        return part
    raise InputError("realtime.content", "content that is neither text nor audio", "use input_text or input_audio")
