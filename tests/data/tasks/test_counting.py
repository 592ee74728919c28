"""Counting: the running count at the target, silence elsewhere."""

from __future__ import annotations

import numpy as np

from soundflow.data.tasks import counting
from tests.data.tasks.clips import book, clip


def test_counts_the_target_only() -> None:
    clips = [clip("dog_bark", None), clip("cow"), clip("dog_bark", None), clip("siren", True)]
    plan = counting.plan(clips, book, np.random.default_rng(0), "dog_bark")
    assert [c.reply.text if c.reply else None for c in plan.choices] == [
        "Dog bark number one.",
        None,
        "Dog bark number two.",
        None,
    ]
    assert [c.decision for c in plan.choices] == ["respond", "ignore", "respond", "ignore"]
    assert plan.instruction is not None
    assert "dog bark" in plan.instruction.lower() or "the dog barks" in plan.instruction.lower()
