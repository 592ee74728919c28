"""A plan's values."""

from __future__ import annotations

from soundflow.data.tasks.plan import IGNORE, OPEN, respond
from soundflow.data.timeline import Reply


def test_choices() -> None:
    assert (IGNORE.decision, IGNORE.reply) == ("ignore", None)
    assert (OPEN.decision, OPEN.reply) == ("open", None)
    assert respond("A dog.").reply == Reply("A dog.", "normal")
    assert respond("Fire!", "urgent").early_cue
