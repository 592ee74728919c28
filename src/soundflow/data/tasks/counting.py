"""Counting ("Count the dog barks"): the running count at each clip of the target, silence at everything else.

One clip counts once, however many barks it holds: an occurrence is a stretch of the sound, not a single stroke.
The count is spoken early (ruling 1 leaves the cue to the task), because nobody knows a sound's end before it is over.
Sounds that call for help are not answered here; streams for this task therefore leave out those that are not the
target. Tests: tests/data/tasks/test_counting.py.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from soundflow.data.clips import Clip
from soundflow.data.tasks.phrases import PhraseBook, Phrases, instruction, number_word, sentence
from soundflow.data.tasks.plan import IGNORE, Choice, Plan, respond


def plan(clips: Sequence[Clip], phrases: PhraseBook, rng: np.random.Generator, target: str) -> Plan:
    """Count the clips whose label is `target`."""
    words = phrases(target)
    choices: list[Choice] = []
    count = 0
    for clip in clips:
        if clip.label == target:
            count += 1
            choices.append(respond(counted(words, count)))
        else:
            choices.append(IGNORE)
    return Plan(instruction("counting", words, rng), tuple(choices))


def counted(words: Phrases, count: int) -> str:
    """One sentence with the running count, as in "Dog bark number two."."""
    return f"{sentence(words.short)} number {number_word(count)}."
