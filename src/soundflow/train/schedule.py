"""The learning rate over a run. Tests: tests/train/test_schedule.py."""

from __future__ import annotations

import math


def schedule(step: int, steps: int, warmup: float) -> float:
    """Linear warm-up, then a cosine to zero; a factor on the peak rate."""
    rising = max(1, round(steps * warmup))
    if step < rising:
        return (step + 1) / rising
    return 0.5 * (1 + math.cos(math.pi * (step - rising) / max(1, steps - rising)))
