"""Narration ("Describe what you hear"): every sound gets one short sentence, speech and music too.

Tests: tests/data/tasks/test_narration.py.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from soundflow.data.clips import Clip
from soundflow.data.tasks.phrases import PhraseBook, Phrases, instruction, sentence
from soundflow.data.tasks.plan import Plan, respond


def plan(clips: Sequence[Clip], phrases: PhraseBook, rng: np.random.Generator) -> Plan:
    """Describe each clip; hazards are described like the rest, without advice."""
    asked = instruction("narration", None, rng)
    return Plan(asked, tuple(respond(describe(phrases(clip.label))) for clip in clips))


def describe(words: Phrases) -> str:
    """One sentence that names the sound, as in "A dog is barking."."""
    return f"{sentence(words.clause)}."
