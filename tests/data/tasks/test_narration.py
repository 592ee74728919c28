"""Narration: one sentence for every sound."""

from __future__ import annotations

import numpy as np

from soundflow.data.tasks import narration
from tests.data.tasks.clips import book, clip


def test_every_sound_is_described() -> None:
    clips = [clip("dog_bark", None), clip("siren", True), clip("music", False, "music")]
    plan = narration.plan(clips, book, np.random.default_rng(0))
    assert plan.instruction
    texts = [choice.reply.text for choice in plan.choices if choice.reply]
    assert texts == ["A dog is barking.", "A siren is sounding.", "Music is playing."]
    assert {choice.reply.emotion for choice in plan.choices if choice.reply} == {"normal"}
    assert all(choice.early_cue for choice in plan.choices)
