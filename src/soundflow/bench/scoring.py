"""Trigger accuracy as a pure function: what was due in a stream, what was said, and when (ruling 11).

Knows nothing of models or sound. Tests: tests/bench/test_scoring.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from soundflow.data.timeline import StreamEvent, Timeline

LATE_SECONDS = 1.6  # after its cue a RESPOND event may still be answered
QUIET_SECONDS = 0.8  # after its end an IGNORE event must still be left alone
TOLERANCE = 1e-6  # seconds; far below one sample

Names = Mapping[str, Sequence[str]]  # label → its display name and synonyms


@dataclass(frozen=True)
class SpokenReply:
    """A reply as it was heard: the stream time at which it started, and its text."""

    at: float
    text: str


@dataclass(frozen=True)
class EventResult:
    """One event, judged. `named` is None unless a RESPOND event was answered."""

    label: str
    recording: str
    responds: bool
    right: bool
    named: bool | None


@dataclass(frozen=True)
class StreamResult:
    """One stream, judged; `stray` are the start times of replies charged to no event."""

    events: tuple[EventResult, ...]
    stray: tuple[float, ...]
    seconds: float


def score_stream(timeline: Timeline, replies: Sequence[SpokenReply], names: Names) -> StreamResult:
    """Judge one stream.

    A RESPOND event is right when a reply starts in [onset, cue + 1.6 s]; it takes the earliest one. An IGNORE event
    is right when none of the replies left starts in [onset, end + 0.8 s]; it takes all that do. `open` events are
    left out, and what is said at them is neither right nor stray.

    Source: ruling 11.
    """
    left = sorted(replies, key=lambda r: r.at)
    judged: dict[int, EventResult] = {}
    for i, event in _of(timeline, "respond"):
        answer = next((r for r in left if _within(r.at, event.onset, event.cue + LATE_SECONDS)), None)
        if answer is not None:
            left.remove(answer)
        named = None if answer is None else names_sound(answer.text, names.get(event.label, (event.label,)))
        judged[i] = EventResult(event.label, event.recording, True, answer is not None, named)
    for i, event in _of(timeline, "ignore"):
        said = [r for r in left if _within(r.at, event.onset, event.end + QUIET_SECONDS)]
        left = [r for r in left if r not in said]
        judged[i] = EventResult(event.label, event.recording, False, not said, None)
    for _, event in _of(timeline, "open"):
        left = [r for r in left if not _within(r.at, event.onset, event.end + QUIET_SECONDS)]
    return StreamResult(tuple(judged[i] for i in sorted(judged)), tuple(r.at for r in left), timeline.seconds)


def names_sound(text: str, names: Sequence[str]) -> bool:
    """Whether a text holds one of the names, as whole words, whatever the case; a name may take a plural "s"."""
    said = f" {' '.join(_words(text))} "
    forms = (" ".join(_words(name)) for name in names)
    return any(f" {form} " in said or f" {form}s " in said for form in forms if form)


def _words(text: str) -> list[str]:
    return re.findall(r"[\w']+", re.sub(r"\(.*?\)", " ", text.casefold()))


def _of(timeline: Timeline, decision: str) -> list[tuple[int, StreamEvent]]:
    found = [(i, e) for i, e in enumerate(timeline.events) if e.decision == decision and e.role == "foreground"]
    return sorted(found, key=lambda pair: pair[1].onset)


def _within(at: float, start: float, end: float) -> bool:
    return start - TOLERANCE <= at <= end + TOLERANCE
