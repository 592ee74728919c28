"""What is in a stream, when, and what is said: plain frozen values and their JSON.

Knows nothing of samples or tokens. The schema is docs/reference/timeline.md. Tests: tests/data/test_timeline.py.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from soundflow.atomic import write_text
from soundflow.errors import InputError

SAMPLE_RATE = 16_000  # Hz; every time below is a multiple of one sample
EARLY_CUE_SECONDS = 1.6  # ruling 1: an alarm is answered while it sounds
_UNSPACED = re.compile("[\u3000-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uffef]")  # Han, kana, their marks

Role = Literal["foreground", "background", "ambient"]
Decision = Literal["respond", "ignore", "open"]


@dataclass(frozen=True)
class Reply:
    """What is said, and in which tone."""

    text: str
    emotion: str | None = None


@dataclass(frozen=True)
class StreamEvent:
    """One clip in a stream. Times in seconds of stream; `clip_offset` in seconds of the clip."""

    onset: float
    end: float
    cue: float  # when a listener could know (ruling 1)
    label: str
    kind: str
    role: Role
    decision: Decision
    reply: Reply | None
    clip: str
    recording: str
    licence: str
    source: str
    gain_db: float
    clip_offset: float = 0.0
    synthetic: bool = False
    content: str | None = None  # what is said, or which instrument plays; None: unknown, or the label tells all


@dataclass(frozen=True)
class Turn:
    """Something said at a moment of the stream, not once an event: a word written down, half a sentence translated.

    `at` in seconds of stream: the earliest moment it can be known; `event` is the index of what it is about.
    """

    at: float
    reply: Reply
    event: int


@dataclass(frozen=True)
class NoiseTrack:
    """One noise recording tiled over the whole stream."""

    label: str
    clip: str
    recording: str
    licence: str
    source: str
    kind: Literal["event", "ambient"]
    snr_db: float
    gain_db: float
    clip_offset: float = 0.0


@dataclass(frozen=True)
class Timeline:
    """A whole stream: its length, its instruction, and everything that sounds in it."""

    seconds: float
    chunk_seconds: float
    instruction: str | None
    task: str
    events: tuple[StreamEvent, ...]
    noise: tuple[NoiseTrack, ...] = ()
    scale_db: float = 0.0  # the whole stream was turned down by this much to keep its peak below 0.99
    turns: tuple[Turn, ...] = ()  # beside the events' own replies

    @property
    def responses(self) -> tuple[tuple[int, Reply, int], ...]:
        """(chunk, reply, index of the event), sorted by chunk; the events' replies and the turns."""
        found = [
            (chunk_of(e.cue, self.chunk_seconds), e.reply, i) for i, e in enumerate(self.events) if e.reply is not None
        ]
        found += [(chunk_of(t.at, self.chunk_seconds), t.reply, t.event) for t in self.turns]
        return tuple(sorted(found, key=lambda r: (r[0], r[2])))

    def to_json(self) -> str:
        """The timeline as one JSON object."""
        return json.dumps(dataclasses.asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Timeline:
        """Read what `to_json` wrote.

        Raises:
            InputError: not JSON, an unknown field (the nearest is named), or a missing one.
        """
        try:
            values = json.loads(text)
        except ValueError as e:
            raise InputError("timeline.json", f"not JSON: {e}", "see docs/reference/timeline.md") from e
        return cls.from_values(values)

    @classmethod
    def from_values(cls, values: Any) -> Timeline:
        """The timeline in the values of a JSON object.

        Raises:
            InputError: no object, an unknown field (the nearest is named), or a missing one.
        """
        events = tuple(_event(v) for v in _rows(values, "events"))
        noise = tuple(_build(NoiseTrack, v, "noise") for v in _rows(values, "noise"))
        turns = tuple(_turn(v) for v in _rows(values, "turns"))
        built: Timeline = _build(cls, {**values, "events": events, "noise": noise, "turns": turns}, "timeline")
        return built


def chunk_of(at_seconds: float, chunk_seconds: float) -> int:
    """The chunk a moment belongs to: chunks are (k·c, (k+1)·c], so a boundary belongs to the chunk it ends.

    Exact in whole samples. Source: ruling 1; the paper's ⌈(offset + d) / c⌉ is this + 1.
    """
    at, size = round(at_seconds * SAMPLE_RATE), round(chunk_seconds * SAMPLE_RATE)
    return max(0, -(-at // size) - 1)


def chunks_with(event: StreamEvent, chunk_seconds: float) -> range:
    """The chunks in which an event sounds; the first and the last may hold more than it. Exact in whole samples."""
    start, end = round(event.onset * SAMPLE_RATE), round(event.end * SAMPLE_RATE)
    size = round(chunk_seconds * SAMPLE_RATE)
    return range(start // size, -(-end // size))


def said_of(timeline: Timeline, event: int) -> str:
    """All that is said of one event, by its index: its turns as one text, else its own reply, else nothing."""
    turns = [turn.reply.text for turn in timeline.turns if turn.event == event]
    own = timeline.events[event].reply
    return joined(turns or ([own.text] if own else []))


def joined(texts: Sequence[str]) -> str:
    """Pieces as one text: no blank between two signs of Chinese or Japanese, one between all others."""
    whole = ""
    for text in filter(None, (text.strip() for text in texts)):
        unspaced = _UNSPACED.fullmatch(whole[-1:]) and _UNSPACED.fullmatch(text[0])
        whole += text if unspaced or not whole else f" {text}"
    return whole


def cue_of(onset: float, end: float, early: bool) -> float:
    """When a listener could know: the end, or 1.6 s in when that is sooner and `early` holds (ruling 1)."""
    return min(end, onset + EARLY_CUE_SECONDS) if early else end


def write_timeline(timeline: Timeline, path: Path) -> None:
    """Write a timeline under a temporary name, then rename."""
    write_text(path, timeline.to_json() + "\n")


def _rows(values: Any, name: str) -> list[Mapping[str, Any]]:
    rows = values.get(name, []) if isinstance(values, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InputError("timeline.json", f"{name} must be a list of objects", "see docs/reference/timeline.md")
    return rows


def _event(values: Mapping[str, Any]) -> StreamEvent:
    reply = values.get("reply")
    made = None if reply is None else _build(Reply, reply, "reply")
    event: StreamEvent = _build(StreamEvent, {**values, "reply": made}, "event")
    return event


def _turn(values: Mapping[str, Any]) -> Turn:
    turn: Turn = _build(Turn, {**values, "reply": _build(Reply, values.get("reply"), "reply")}, "turn")
    return turn


def _build(kind: Any, values: Any, where: str) -> Any:
    if not isinstance(values, Mapping):
        raise InputError("timeline.json", f"{where} must be an object", "see docs/reference/timeline.md")
    known = [f.name for f in dataclasses.fields(kind)]
    for key in values:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known fields: {', '.join(known)}"
            raise InputError("timeline.unknown_field", f"{where} has no field {key!r}", hint)
    try:
        return kind(**values)
    except TypeError as e:
        raise InputError("timeline.missing_field", f"{where}: {e}", "see docs/reference/timeline.md") from e
