"""Replies an hour where nothing calls for a word, and what sounded when they came: a rate alone hides that it may rest
on one bell. Such replies come in runs, so the bounds are drawn over streams, of background alone over recordings.

Tests: tests/bench/test_stray.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from soundflow.bench.bootstrap import NOTHING, Interval, clustered_rate
from soundflow.bench.listening import Heard
from soundflow.bench.scoring import TOLERANCE
from soundflow.data.timeline import Timeline

CLIPS_SHOWN = 10  # of a kind, those with most stray replies


@dataclass(frozen=True)
class StrayRow:
    """Replies an hour where nothing called for a word, or the reason why that was not measured."""

    rate: Interval = NOTHING
    replies: int = 0
    hours: float = 0.0
    recordings: int = 0
    synthetic_share: float = 0.0  # of the foreground's seconds
    over: Mapping[str, Counter[str]] = field(default_factory=dict)  # label, clip: replies
    reason: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The rate's three values, and what they rest on."""
        if self.reason is not None:
            return {**self.rate.to_dict(), "reason": self.reason}
        return {
            **self.rate.to_dict(),
            "replies": self.replies,
            "hours": round(self.hours, 4),
            "recordings": self.recordings,
            "synthetic_share": round(self.synthetic_share, 4),
            "over": {label: clips.total() for label, clips in self.over.items()},
            "most_over": [{"clip": clip, "label": label, "replies": count} for count, label, clip in self._most()],
        }

    def _most(self) -> list[tuple[int, str, str]]:
        every = [(count, label, clip) for label, clips in self.over.items() for clip, count in clips.items()]
        return sorted(every, key=lambda one: (-one[0], one[1:]))[:CLIPS_SHOWN]


def stray_row(heard: Sequence[Heard]) -> StrayRow:
    """Count every reply on long streams in which nothing called for one."""
    if not heard:
        return StrayRow(reason="no long streams were asked for")
    events = [event for one in heard for event in one.timeline.events]
    tracks = [track for one in heard for track in one.timeline.noise]
    seconds = sum(one.timeline.seconds for one in heard)
    sounding = sum(event.end - event.onset for event in events)
    synthetic = sum(event.end - event.onset for event in events if event.synthetic)
    replies = sum(len(one.replies) for one in heard)
    return StrayRow(
        rate=clustered_rate(
            [len(one.replies) for one in heard],
            [one.timeline.seconds / 3600 for one in heard],
            [_cluster(one.timeline, number) for number, one in enumerate(heard)],
        ),
        replies=replies,
        hours=seconds / 3600,
        recordings=len({one.recording for one in (events or tracks)}),
        synthetic_share=synthetic / sounding if sounding else 0.0,
        over=_over(heard),
    )


def _cluster(timeline: Timeline, number: int) -> str:
    """What runs together: a stream, or all streams of one background (its louder track)."""
    return str(number) if timeline.events or not timeline.noise else timeline.noise[0].recording


def _over(heard: Sequence[Heard]) -> Mapping[str, Counter[str]]:
    """Replies by what sounded last before them; where nothing is in the foreground, by each track behind."""
    found: dict[str, Counter[str]] = {}
    for one in heard:
        for reply in one.replies:
            begun = [event for event in one.timeline.events if event.onset <= reply.at + TOLERANCE]
            for sound in begun[-1:] or one.timeline.noise:
                found.setdefault(sound.label, Counter())[sound.clip] += 1
    return dict(sorted(found.items(), key=lambda item: (-item[1].total(), item[0])))
