"""Does something grow with time? A straight line through what was measured, with its interval.

Tests: tests/bench/test_growth.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from soundflow.bench.bootstrap import NOTHING, Interval

_MIB = 2**20
_BOUNDS = 1.96  # standard errors on either side: 95 % of a normal distribution


@dataclass(frozen=True)
class Held:
    """What a server holds at a moment: seconds since the beginning, then counts and MiB."""

    at_s: float
    memory_mib: float
    files: int
    threads: int
    tasks: int

    @classmethod
    def of_figures(cls, at_s: float, figures: Mapping[str, float]) -> Held:
        """Read from a server's `/metrics`; a server without them gives a `KeyError`."""
        return cls(
            at_s,
            figures["soundflow_process_resident_memory_bytes"] / _MIB,
            int(figures["soundflow_process_open_fds"]),
            int(figures["soundflow_threads"]),
            int(figures["soundflow_tasks"]),
        )


def slope(times: Sequence[float], values: Sequence[float]) -> Interval:
    """By how much the values grow for each unit of time: least squares, 95 % bounds from the residuals.

    Nothing for fewer than four values: a line through three says little of how far it may be off.
    """
    if len(values) < 4:
        return NOTHING
    x, y = np.asarray(times, float), np.asarray(values, float)
    x = x - x.mean()
    spread = float(np.square(x).sum())
    rise = float((x * (y - y.mean())).sum() / spread)
    residual = y - y.mean() - rise * x
    error = _BOUNDS * float(np.sqrt(np.square(residual).sum() / (len(y) - 2) / spread))
    return Interval(rise, rise - error, rise + error)
