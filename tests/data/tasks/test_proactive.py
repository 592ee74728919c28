"""Proactive response: the clip's flag decides."""

from __future__ import annotations

import numpy as np

from soundflow.data.tasks import proactive
from soundflow.data.tasks.phrases import known_phrases
from tests.data.tasks.clips import book, clip


def test_flag_decides() -> None:
    clips = [clip("siren", True), clip("cow", False), clip("rain", None), clip("music", None, "music")]
    plan = proactive.plan(clips, book, np.random.default_rng(0))
    assert plan.instruction is None
    assert [c.decision for c in plan.choices] == ["respond", "ignore", "open", "ignore"]
    assert [c.reply is not None for c in plan.choices] == [True, False, False, False]
    assert all(c.early_cue for c in plan.choices)


def test_all_replies_are_used() -> None:
    rng = np.random.default_rng(1)
    said = {c.reply.text for c in proactive.plan([clip("siren", True)] * 60, book, rng).choices if c.reply}
    assert said == set(known_phrases()["siren"].replies)


def test_a_sound_without_words_is_answered_too() -> None:
    choice = proactive.choice(clip("geyser", True), book, np.random.default_rng(0))
    assert choice.reply is not None
    assert "geyser" in choice.reply.text
