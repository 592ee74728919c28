"""A task's answer for a list of clips: an instruction, and for each clip what to do. Plain values.

Tests: tests/data/tasks/test_plan.py.
"""

from __future__ import annotations

from dataclasses import dataclass

from soundflow.data.timeline import Decision, Reply


@dataclass(frozen=True)
class Choice:
    """What is done at one clip; `early_cue` allows the reply while the clip still sounds (ruling 1)."""

    decision: Decision
    reply: Reply | None = None
    early_cue: bool = True


@dataclass(frozen=True)
class Plan:
    """`choices` has one entry for each clip, in the clips' order."""

    instruction: str | None
    choices: tuple[Choice, ...]


IGNORE = Choice("ignore")
OPEN = Choice("open")  # neither answer is right or wrong; a bench leaves it out


def respond(text: str, emotion: str | None = "normal") -> Choice:
    """Say this, as soon as a listener could know."""
    return Choice("respond", Reply(text, emotion))
