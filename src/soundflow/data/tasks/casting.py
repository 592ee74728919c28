"""Which clips appear in a stream: each task casts its own mixture from one split. Knows nothing of samples.

Labels are drawn by the square root of how many clips they have, and rare ones as if they had more, so that a label
with one recording is still heard. Tests: tests/data/tasks/test_casting.py.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from soundflow.data.clips import Clip, grouped_by_label
from soundflow.data.tasks.phrases import PhraseBook
from soundflow.data.tasks.standing import is_urgent

Task = Literal["proactive", "narration", "counting", "standing", "quiet"]

QUIET_KINDS = ("background", "speech", "music")  # three kinds of stream that call for nothing
MOST_OCCURRENCES = 5  # of a counted sound in one stream
ABSENT_TARGET_SHARE = 0.15  # of streams that wait in vain
HAZARD_SHARE = 0.12  # of streams that wait for one sound and meet an urgent other one


class Pool:
    """Clips by label, to be drawn from; empty pools are false.

    Args:
        by_label: draw a label first, by the square root of max(its clips, rare_floor); else every clip alike.
    """

    def __init__(self, clips: Iterable[Clip], by_label: bool, rare_floor: int) -> None:
        self.groups = grouped_by_label(clips)
        self.labels = tuple(self.groups)
        counts = np.array([len(group) for group in self.groups.values()], np.float64)
        weights = np.sqrt(np.maximum(counts, rare_floor)) if by_label else counts
        self._cumulative = np.cumsum(weights) / max(1e-12, float(weights.sum()))

    def __bool__(self) -> bool:
        return bool(self.labels)

    def label(self, rng: np.random.Generator) -> str:
        """Draw a label."""
        at = int(np.searchsorted(self._cumulative, rng.random(), side="right"))
        return self.labels[min(at, len(self.labels) - 1)]

    def clip(self, rng: np.random.Generator, used: Collection[Clip] = ()) -> Clip:
        """Draw a clip; one already used is drawn anew, a few times."""
        clip = self._any(rng)
        for _ in range(4):
            if clip not in used:
                break
            clip = self._any(rng)
        return clip

    def _any(self, rng: np.random.Generator) -> Clip:
        group = self.groups[self.label(rng)]
        return group[int(rng.integers(len(group)))]

    def several(self, label: str, count: int, rng: np.random.Generator) -> list[Clip]:
        """`count` clips of one label, each once as long as there are enough."""
        group = self.groups[label]
        if count <= len(group):
            return [group[i] for i in rng.permutation(len(group))[:count]]
        return [group[i] for i in rng.integers(0, len(group), count)]


@dataclass(frozen=True)
class Stage:
    """The pools of one split."""

    events: Pool  # every event
    speaks: Pool  # events that call for advice
    harmless: Pool  # events that never do
    urgent: Pool  # those of `speaks` that are answered whatever was asked for
    benign: Pool  # events without advice, open ones included
    others: Pool  # plain speech and music


@dataclass(frozen=True)
class Cast:
    """The clips of one stream in their order, and the sound the instruction is about (or None)."""

    clips: tuple[Clip, ...]
    target: str | None = None


def stage_of(clips: Sequence[Clip], phrases: PhraseBook, by_label: bool, rare_floor: int) -> Stage:
    """Sort the clips of a split into pools."""
    events = [clip for clip in clips if clip.kind == "event"]

    def pool(chosen: Iterable[Clip]) -> Pool:
        return Pool(chosen, by_label, rare_floor)

    return Stage(
        events=pool(events),
        speaks=pool(clip for clip in events if clip.proactive is True),
        harmless=pool(clip for clip in events if clip.proactive is False),
        urgent=pool(clip for clip in events if is_urgent(clip, phrases)),
        benign=pool(clip for clip in events if clip.proactive is not True),
        others=pool(clip for clip in clips if clip.kind in ("speech", "music") and clip.proactive is not True),
    )


def cast(
    task: Task,
    stage: Stage,
    count: int,
    rng: np.random.Generator,
    respond_share: float = 0.5,
    other_kind_share: float = 0.0,
    quiet_kinds: Sequence[str] = QUIET_KINDS,
) -> Cast:
    """Choose about `count` clips for a task.

    Args:
        respond_share: of the events of a proactive stream, those that call for advice.
        other_kind_share: of the clips of any stream, plain speech and music.
        quiet_kinds: what a quiet stream may hold, one kind a stream.

    Returns:
        No clips for a quiet stream of background, or where the split has none for the task.
    """
    if task == "quiet":
        return _quiet(stage, count, rng, quiet_kinds)
    if task == "proactive":
        return _proactive(stage, count, rng, respond_share, other_kind_share)
    if task == "narration":
        return Cast(_fill([], stage.events, stage, count, rng, other_kind_share))
    return _targeted(task, stage, count, rng, other_kind_share)


def _quiet(stage: Stage, count: int, rng: np.random.Generator, kinds: Sequence[str]) -> Cast:
    kind = kinds[int(rng.integers(len(kinds)))]
    group = [clip for clips in stage.others.groups.values() for clip in clips if clip.kind == kind]
    if not group:
        return Cast(())
    return Cast(tuple(group[i] for i in rng.integers(0, len(group), count)))


def _proactive(stage: Stage, count: int, rng: np.random.Generator, respond: float, other: float) -> Cast:
    clips: list[Clip] = []
    if not stage.speaks and not stage.harmless:
        return Cast(())
    for _ in range(count):
        wanted = stage.speaks if rng.random() < respond else stage.harmless
        if stage.others and rng.random() < other:
            wanted = stage.others
        clips.append((wanted or stage.speaks or stage.harmless).clip(rng, clips))
    return Cast(tuple(clips))


def _targeted(task: Task, stage: Stage, count: int, rng: np.random.Generator, other: float) -> Cast:
    """One to four clips of the target among sounds without advice; some standing conditions never come true."""
    if not stage.events:
        return Cast(())
    target = stage.events.label(rng)
    most = MOST_OCCURRENCES if task == "counting" else 2
    wanted = int(rng.integers(1, min(most, count) + 1))
    if task == "standing" and rng.random() < ABSENT_TARGET_SHARE:
        wanted = 0
    clips = stage.events.several(target, wanted, rng)
    if task == "standing" and stage.urgent and rng.random() < HAZARD_SHARE and wanted < count:
        clips.append(stage.urgent.clip(rng, clips))
    rest = [clip for label, group in stage.benign.groups.items() if label != target for clip in group]
    clips = list(_fill(clips, Pool(rest, True, 1), stage, count, rng, other))
    return Cast(tuple(clips[i] for i in rng.permutation(len(clips))), target)


def _fill(
    clips: list[Clip], pool: Pool, stage: Stage, count: int, rng: np.random.Generator, other: float
) -> tuple[Clip, ...]:
    filled = list(clips)
    while len(filled) < count and (pool or stage.others):
        wanted = stage.others if stage.others and (not pool or rng.random() < other) else pool
        filled.append(wanted.clip(rng, filled))
    return tuple(filled)
