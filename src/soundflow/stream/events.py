"""What a session says: the whole vocabulary of events, in Python and as JSON.

Knows nothing of models, clocks or threads. Tests: tests/stream/test_events.py.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, TypeAlias

DecisionName = Literal["silent", "response"]
EndReason = Literal["eos", "length", "cancelled", "repetition"]

_DECIMALS = 6  # digits kept in JSON: microseconds, and more than any threshold needs; chosen


@dataclass(frozen=True)
class _Event:
    """What all events share: a wire name and their JSON form."""

    type: ClassVar[str]

    def to_dict(self) -> dict[str, Any]:
        """The event's fields as plain values, `type` first; floats are rounded to six digits."""
        values = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        rounded = {k: round(v, _DECIMALS) if isinstance(v, float) else v for k, v in values.items()}
        return {"type": self.type, **rounded}

    def to_json(self) -> str:
        """One line of JSON, `type` first, without a line break at its end."""
        return json.dumps(self.to_dict(), ensure_ascii=False, allow_nan=False)


@dataclass(frozen=True)
class Decision(_Event):
    """To speak or not, after one chunk or one flush of queued chunks.

    `chunk` is the newest chunk covered (0-based); `start` and `end` are seconds of stream of all `chunks` covered;
    `latency_ms` runs from the newest chunk's last sample in to the decision out, on the session's clock.
    """

    type: ClassVar[str] = "decision"

    chunk: int
    start: float
    end: float
    decision: DecisionName
    p_response: float
    latency_ms: float
    chunks: int


@dataclass(frozen=True)
class ReplyStart(_Event):
    """A reply begins. `at` is the stream time up to which the model had heard when it chose to speak."""

    type: ClassVar[str] = "reply.start"

    reply: int
    chunk: int
    at: float
    emotion: str | None


@dataclass(frozen=True)
class ReplyDelta(_Event):
    """The next piece of a reply's text: whole characters, never empty."""

    type: ClassVar[str] = "reply.delta"

    reply: int
    text: str


@dataclass(frozen=True)
class ReplyEnd(_Event):
    """A reply is over. `text` is the sum of its deltas; `first_text_ms` runs from the last sample of the newest
    chunk heard to the first text, and is None when there was no text.
    """

    type: ClassVar[str] = "reply.end"

    reply: int
    text: str
    emotion: str | None
    reason: EndReason
    tokens: int
    first_text_ms: float | None


@dataclass(frozen=True)
class Memory(_Event):
    """The oldest part of the context was forgotten: so many seconds of sound and so many replies."""

    type: ClassVar[str] = "memory"

    seconds: float
    turns: int


@dataclass(frozen=True)
class Error(_Event):
    """Something went wrong and the stream goes on."""

    type: ClassVar[str] = "error"

    code: str
    message: str
    hint: str


@dataclass(frozen=True)
class End(_Event):
    """The stream is over: what was heard and how fast. Figures of an empty stream are None."""

    type: ClassVar[str] = "end"

    seconds: float
    chunks: int
    replies: int
    latency_ms_p50: float | None
    latency_ms_p95: float | None
    real_time_factor: float | None


Event: TypeAlias = Decision | ReplyStart | ReplyDelta | ReplyEnd | Memory | Error | End
