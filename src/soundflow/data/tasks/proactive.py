"""Proactive response, the default without an instruction: advice at what calls for it, silence at the rest.

Rule of the data: a clip's `proactive` is true (speak), false (stay silent) or null (open: neither is wrong).
Tests: tests/data/tasks/test_proactive.py.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from soundflow.data.clips import Clip
from soundflow.data.tasks.phrases import PhraseBook
from soundflow.data.tasks.plan import IGNORE, OPEN, Choice, Plan, respond


def plan(clips: Sequence[Clip], phrases: PhraseBook, rng: np.random.Generator) -> Plan:
    """Decide for each clip by its own flag; speech and music are never answered.

    Source: paper, appendix "Proactive Response"; benchmark precedents in labels.json.
    """
    return Plan(None, tuple(choice(clip, phrases, rng) for clip in clips))


def choice(clip: Clip, phrases: PhraseBook, rng: np.random.Generator) -> Choice:
    """Advice, silence or neither for one clip."""
    if clip.kind != "event" or clip.proactive is False:
        return IGNORE
    if clip.proactive is None:
        return OPEN
    words = phrases(clip.label)
    return respond(words.replies[int(rng.integers(len(words.replies)))], words.emotion)
