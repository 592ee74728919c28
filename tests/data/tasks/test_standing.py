"""A standing condition: the target and real hazards, nothing else."""

from __future__ import annotations

import numpy as np

from soundflow.data.tasks import standing
from soundflow.data.tasks.phrases import known_phrases
from tests.data.tasks.clips import book, clip


def test_target_is_announced_and_benign_sounds_are_not() -> None:
    clips = [clip("rooster"), clip("dog_bark", None), clip("sneezing", True)]
    plan = standing.plan(clips, book, np.random.default_rng(0), "dog_bark")
    assert [c.reply.text if c.reply else None for c in plan.choices] == [None, "Now a dog is barking.", None]


def test_an_urgent_sound_is_answered_all_the_same() -> None:
    plan = standing.plan([clip("smoke_alarm", True)], book, np.random.default_rng(0), "doorbell")
    reply = plan.choices[0].reply
    assert reply is not None
    assert reply.text in known_phrases()["smoke_alarm"].replies
    assert reply.emotion == "urgent"


def test_a_target_with_its_own_tone() -> None:
    plan = standing.plan([clip("crying_baby", True)], book, np.random.default_rng(0), "crying_baby")
    reply = plan.choices[0].reply
    assert reply is not None
    assert (reply.text, reply.emotion) == ("Now there is a crying baby.", "sad")
