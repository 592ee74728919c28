"""Who says what in a stream: each task turns a row of clips into an instruction and a reply (or none) per clip.

Tests: tests/data/tasks/test_plan.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from soundflow.data.clips import Clip
from soundflow.data.tasks.wording import instructions, wording
from soundflow.data.timeline import Decision, Reply

Task = Literal["proactive", "narration", "counting", "standing", "quiet"]


@dataclass(frozen=True)
class Spoken:
    """What one clip calls for."""

    decision: Decision
    reply: Reply | None = None
    early_cue: bool = True  # answered while it sounds (ruling 1)


@dataclass(frozen=True)
class Plan:
    """A whole stream's instruction (None: the default, proactive one) and what each clip calls for."""

    instruction: str | None
    spoken: tuple[Spoken, ...]


def proactive(clips: Sequence[Clip], rng: np.random.Generator) -> Plan:
    """Advice to sounds that need attention, silence otherwise; `proactive: null` stays open."""
    return Plan(None, tuple(_proactive(clip, rng) for clip in clips))


def quiet(clips: Sequence[Clip], rng: np.random.Generator) -> Plan:
    """Nothing in the stream calls for a word."""
    return Plan(None, tuple(Spoken("ignore") for _ in clips))


def narration(clips: Sequence[Clip], rng: np.random.Generator) -> Plan:
    """Every sound is described in one short sentence."""
    said = (Spoken("respond", Reply(wording(c.label, c.kind).description, "normal")) for c in clips)
    return Plan(str(rng.choice(instructions("narration"))), tuple(said))


def counting(clips: Sequence[Clip], rng: np.random.Generator, target: str) -> Plan:
    """Each occurrence of the target gets its number; everything else is passed over."""
    words, spoken, number = wording(target), [], 0
    for clip in clips:
        number += clip.label == target
        spoken.append(
            Spoken("respond", Reply(words.counted(number), "normal")) if clip.label == target else Spoken("ignore")
        )
    return Plan(_asked("counting", target, rng), tuple(spoken))


def standing(clips: Sequence[Clip], rng: np.random.Generator, target: str) -> Plan:
    """The target is reported; other harmless sounds are passed over, hazards still get their proactive reply."""
    words = wording(target)
    spoken = tuple(
        Spoken("respond", Reply(words.noticed, words.emotion)) if clip.label == target else _proactive(clip, rng)
        for clip in clips
    )
    return Plan(_asked("standing", target, rng), spoken)


def _proactive(clip: Clip, rng: np.random.Generator) -> Spoken:
    if clip.kind != "event" or clip.proactive is False:
        return Spoken("ignore")
    if clip.proactive is None:
        return Spoken("open")
    words = wording(clip.label)
    return Spoken("respond", Reply(str(rng.choice(words.replies or (words.description,))), words.emotion))


def _asked(task: str, target: str, rng: np.random.Generator) -> str:
    words = wording(target)
    form = str(rng.choice(instructions(task)))
    return form.format(noun=words.noun, plural=words.plural, when=words.when)
