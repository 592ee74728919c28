"""Events on the wire: a client's text to a message, ours with their ids. Tests: tests/serve/test_conversation.py."""

from __future__ import annotations

import itertools
import json
import math
import secrets
from collections.abc import Mapping
from typing import Any

from soundflow.errors import InputError, SoundflowError

Message = Mapping[str, Any]
ServerEvent = dict[str, Any]


def read_message(text: str | bytes) -> Message:
    """One client event.

    Raises:
        InputError: no JSON object with a `type`, or one that cannot be told back: half a character, a number beyond
            all bounds (`realtime.json`, `realtime.type`).
    """
    try:
        if isinstance(text, bytes):
            raise ValueError("a binary frame")
        message = _DECODER.decode(text)
        if "\\" in text:  # only an escape can stand for half of a pair of surrogates, which is no UTF-8
            _ENCODER.encode(message).encode()
    except (ValueError, RecursionError) as e:
        raise InputError("realtime.json", "a message that is no JSON", "send one JSON object as a text frame") from e
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise InputError("realtime.type", "a message without a type", 'send an object with "type"')
    return message


def write_event(event: ServerEvent) -> str:
    """One server event as the text of a frame."""
    return _ENCODER.encode(event)


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _finite(number: str) -> float:
    if math.isfinite(value := float(number)):
        return value
    raise ValueError(f"{number[:40]} is beyond all bounds")


# made once: `json.loads` and `json.dumps` with options make one for each message
_DECODER = json.JSONDecoder(parse_constant=_no_number, parse_float=_finite)
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


class Ids:
    """Names for what a session makes: unguessable over sessions, countable within one."""

    def __init__(self, session: str | None = None) -> None:
        self.session = session or secrets.token_hex(8)
        self._counts = {kind: itertools.count() for kind in ("event", "item", "resp")}

    def new(self, kind: str) -> str:
        """The next id of `event`, `item` or `resp`."""
        return f"{kind}_{self.session}_{next(self._counts[kind])}"


class Stamp:
    """Gives each server event its id and its number."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self._next = itertools.count(1)

    def aside(self, kind: str, **fields: Any) -> ServerEvent:
        """An event about the connection, which has no number: nobody is told it again."""
        return {"type": kind, "event_id": self._ids.new("event"), **fields}

    def __call__(self, kind: str, **fields: Any) -> ServerEvent:
        return {
            "type": kind,
            "event_id": self._ids.new("event"),
            "server_event_seq": next(self._next),
            **fields,
        }


def error_fields(failure: SoundflowError, caused_by: object = None) -> dict[str, Any]:
    """The `error` object of an error event; `caused_by` is the client's own event id, if it gave one."""
    is_theirs = isinstance(failure, InputError) or failure.exit_code == 2
    return {
        "type": "invalid_request_error" if is_theirs else "server_error",
        "code": failure.code,
        "message": str(failure),
        "param": getattr(failure, "param", None),
        "event_id": caused_by if isinstance(caused_by, str) else None,
    }
