"""Steps that would do harm are left out: a loss that is no number, or one that leaps. Pure; the state is saved.

Tests: tests/train/test_guard.py.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass

from soundflow.errors import OutsideError

REMEMBERED = 64  # losses that the next one is compared with
LEAST = 16  # as many must be known before a leap is one
LEAP_FACTOR, LEAP_NATS = 2.0, 1.0  # a leap is above twice the median and one nat; chosen, wide of what batches vary
MOST_IN_A_ROW = 5


@dataclass(frozen=True)
class Guard:
    """What is remembered of the last steps."""

    losses: tuple[float, ...] = ()
    left_out: int = 0  # in a row, just now

    def fault(self, loss: float, norm: float) -> str | None:
        """Why a step should be left out; None when it is fine."""
        if not (math.isfinite(loss) and math.isfinite(norm)):
            return "not finite"
        if len(self.losses) >= LEAST and loss > LEAP_FACTOR * statistics.median(self.losses) + LEAP_NATS:
            return "a leap"
        return None

    def after(self, loss: float, fault: str | None, step: int) -> Guard:
        """The state behind a step.

        Raises:
            OutsideError: too many steps in a row had to be left out.
        """
        if fault is None:
            return Guard((*self.losses, loss)[-REMEMBERED:], 0)
        if self.left_out + 1 >= MOST_IN_A_ROW:
            found = (
                f"{MOST_IN_A_ROW} steps in a row up to {step} were left out; the last one's loss, {loss}, is {fault}"
            )
            raise OutsideError("train.diverged", found, "lower learning_rate, then start again in another out folder")
        return Guard(self.losses, self.left_out + 1)
