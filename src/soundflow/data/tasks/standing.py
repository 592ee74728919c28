"""A standing condition ("Tell me when the baby cries"): a reply at each clip of the target, silence at the rest.

The target may be any sound, harmless ones too. A sound that calls for help in earnest (its emotion is urgent) is
still answered with its advice: nobody who waits for the doorbell wants the fire alarm kept quiet. Streams leave such
sounds out most of the time; other sounds are ignored whatever their flag. Tests: tests/data/tasks/test_standing.py.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from soundflow.data.clips import Clip
from soundflow.data.tasks import proactive
from soundflow.data.tasks.phrases import PhraseBook, Phrases, instruction
from soundflow.data.tasks.plan import IGNORE, Choice, Plan, respond


def plan(clips: Sequence[Clip], phrases: PhraseBook, rng: np.random.Generator, target: str) -> Plan:
    """Announce the clips whose label is `target`."""
    words = phrases(target)
    asked = instruction("standing", words, rng)
    return Plan(asked, tuple(_choice(clip, phrases, rng, target) for clip in clips))


def announce(words: Phrases) -> str:
    """One sentence that says the awaited sound is here, as in "Now a dog is barking."."""
    return f"Now {words.clause}."


def is_urgent(clip: Clip, phrases: PhraseBook) -> bool:
    """Whether a clip must be answered whatever was asked for."""
    return clip.kind == "event" and clip.proactive is True and phrases(clip.label).emotion == "urgent"


def _choice(clip: Clip, phrases: PhraseBook, rng: np.random.Generator, target: str) -> Choice:
    if clip.label == target:
        return respond(announce(phrases(target)), phrases(target).emotion)
    return proactive.choice(clip, phrases, rng) if is_urgent(clip, phrases) else IGNORE
