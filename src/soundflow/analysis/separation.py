"""How well p(response) tells events that call for an answer from those that do not, without a word being said.

A quick guide beside `bench trigger`: the model only listens, and an event's score is the highest p(response) at which a
reply would have been charged to it (ruling 11). Tests: tests/analysis/test_separation.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from soundflow.analysis.sounds import Sound
from soundflow.analysis.walk import walk
from soundflow.bench.scoring import LATE_SECONDS, QUIET_SECONDS, TOLERANCE
from soundflow.data.timeline import Timeline
from soundflow.model.bundle import Bundle

NEVER = 1.0  # a threshold at which a model stays silent


@dataclass(frozen=True)
class EventScore:
    """Whether an event calls for an answer, and the highest p(response) while one would have been charged to it."""

    responds: bool
    p: float


def event_scores(bundle: Bundle, sounds: Iterable[Sound]) -> list[EventScore]:
    """The score of every event of some streams with timelines."""
    found: list[EventScore] = []
    for sound in sounds:
        assert sound.timeline is not None, "a stream nobody knows the events of"
        steps = walk(bundle, sound.samples, sound.instruction, NEVER).steps
        found += scored(sound.timeline, [step.p_response for step in steps], bundle.config.chunk_seconds)
    return found


def scored(timeline: Timeline, p_response: Sequence[float], chunk_seconds: float) -> list[EventScore]:
    """The events of one stream; a reply to chunk k would start at its end, (k + 1) · chunk_seconds."""
    at = (np.arange(len(p_response)) + 1) * chunk_seconds
    p = np.asarray(p_response)
    found = []
    for event in timeline.events:
        if event.role != "foreground" or event.decision == "open":
            continue
        responds = event.decision == "respond"
        last = event.cue + LATE_SECONDS if responds else event.end + QUIET_SECONDS
        inside = p[(at >= event.onset - TOLERANCE) & (at <= last + TOLERANCE)]
        if len(inside):
            found.append(EventScore(responds, float(inside.max())))
    return found


def best_threshold(scores: Sequence[EventScore]) -> float:
    """The p(response) of highest balanced accuracy, the lowest among equals; 0.5 when there is nothing to choose by."""
    candidates = sorted({score.p for score in scores})
    return max(candidates, key=lambda p: (balanced_at(scores, p), -p), default=0.5)


def balanced_at(scores: Sequence[EventScore], threshold: float) -> float:
    """The mean of the two shares of right events, 0 to 1; a kind that is not there counts half."""
    shares = []
    for responds in (True, False):
        right = [(score.p >= threshold) == responds for score in scores if score.responds == responds]
        shares.append(sum(right) / len(right) if right else 0.5)
    return sum(shares) / 2


def area_under_curve(scores: Sequence[EventScore]) -> float:
    """How often an event that calls for an answer scores above one that does not; ties count half, 0.5 is chance."""
    calls = np.array([score.p for score in scores if score.responds])
    others = np.array([score.p for score in scores if not score.responds])
    if not len(calls) or not len(others):
        return 0.5
    above = (calls[:, None] > others).mean() + 0.5 * (calls[:, None] == others).mean()
    return float(above)
