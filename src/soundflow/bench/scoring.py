"""Trigger accuracy as a pure function: what was due in a stream, what was said, and when (ruling 11).

Knows nothing of models or sound. Tests: tests/bench/test_scoring.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from soundflow.bench.naming import names_sound
from soundflow.data.timeline import StreamEvent, Timeline

LATE_SECONDS = 1.6  # ruling 11: after its cue a RESPOND event may still be answered
QUIET_SECONDS = 0.8  # ruling 11: after its end an IGNORE event must still be left alone
TOLERANCE = 1e-6  # seconds; far below one sample, far above what adding chunks up can err

Names = Mapping[str, Sequence[str]]  # label → its display name and synonyms


@dataclass(frozen=True)
class SpokenReply:
    """A reply as it was heard: the stream time at which it started, and its text.

    `first_text_after` is how long, in seconds, after the last sample heard the first text came, where that is known.
    """

    at: float
    text: str = ""
    first_text_after: float | None = field(default=None, compare=False)


@dataclass(frozen=True)
class EventResult:
    """One event, judged. `named` is None unless a RESPOND event was answered."""

    label: str
    recording: str
    responds: bool
    right: bool
    named: bool | None = None
    synthetic: bool = False


@dataclass(frozen=True)
class StreamResult:
    """One stream, judged; `stray` are the start times of replies charged to no event."""

    events: tuple[EventResult, ...]
    stray: tuple[float, ...]
    seconds: float


def score_stream(timeline: Timeline, replies: Sequence[SpokenReply], names: Names) -> StreamResult:
    """Judge one stream.

    A RESPOND event is right when a reply starts in [onset, cue + 1.6 s]; it takes one reply. An IGNORE event is right
    when none of the replies left starts in [onset, end + 0.8 s]; what starts there is charged to the one that sounded
    last. `open` events are left out, and what is said at them is neither right nor stray. The rest is stray, a second
    answer to the same event included.

    Args:
        names: what a right reply may call a sound; a label that is not there goes by its own words.

    Source: ruling 11.
    """
    answers = charge_responses(timeline.events, replies)
    left = [r for i, r in enumerate(replies) if i not in answers.values()]
    blamed = [_last_window(timeline.events, "ignore", reply.at) for reply in left]
    judged = [
        _answered(event, replies, answers.get(i), names) if event.decision == "respond" else _ignored(event, i, blamed)
        for i, event in enumerate(timeline.events)
        if _is_due(event, "respond") or _is_due(event, "ignore")
    ]
    stray = [
        reply.at
        for reply, ignored in zip(left, blamed, strict=True)
        if ignored is None and _last_window(timeline.events, "open", reply.at) is None
    ]
    return StreamResult(tuple(judged), tuple(stray), timeline.seconds)


def charge_responses(events: Sequence[StreamEvent], replies: Sequence[SpokenReply]) -> dict[int, int]:
    """Which reply answers which RESPOND event: index of event → index of reply.

    Replies are taken in the order of time, each by the waiting event whose window closes first: no other charging
    makes more events right.

    Source: own; earliest deadline first.
    """
    charged: dict[int, int] = {}
    for k in sorted(range(len(replies)), key=lambda k: replies[k].at):
        waiting = [
            i
            for i, event in enumerate(events)
            if i not in charged and _is_due(event, "respond") and _is_inside(replies[k].at, event)
        ]
        if waiting:
            charged[min(waiting, key=lambda i: (_window(events[i])[1], i))] = k
    return charged


def _answered(event: StreamEvent, replies: Sequence[SpokenReply], answer: int | None, names: Names) -> EventResult:
    words = names.get(event.label, (event.label.replace("_", " "),))
    named = None if answer is None else names_sound(replies[answer].text, words)
    return EventResult(event.label, event.recording, True, answer is not None, named, event.synthetic)


def _ignored(event: StreamEvent, index: int, blamed: Sequence[int | None]) -> EventResult:
    return EventResult(event.label, event.recording, False, index not in blamed, None, event.synthetic)


def _last_window(events: Sequence[StreamEvent], decision: str, at: float) -> int | None:
    """The event of a decision, with the latest onset, in whose window the moment lies."""
    inside = [i for i, event in enumerate(events) if _is_due(event, decision) and _is_inside(at, event)]
    return max(inside, key=lambda i: (events[i].onset, i), default=None)


def _is_due(event: StreamEvent, decision: str) -> bool:
    return event.role == "foreground" and event.decision == decision


def _is_inside(at: float, event: StreamEvent) -> bool:
    start, end = _window(event)
    return start - TOLERANCE <= at <= end + TOLERANCE


def _window(event: StreamEvent) -> tuple[float, float]:
    """First and last moment, in seconds of stream, at which a reply is charged to an event."""
    return event.onset, event.cue + LATE_SECONDS if event.decision == "respond" else event.end + QUIET_SECONDS
