"""How long each chunk takes: by the wall's clock and by the processor's. Tests: tests/bench/test_timing.py.

A busy machine makes the wall's times longer and leaves the processor's nearly as they are; on a quiet one, with one
thread, they are the same.
"""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

Seconds = Callable[[], float]
T = TypeVar("T")


class Stopwatch:
    """Times step after step, sixteen bytes each.

    Args:
        wall, cpu: clocks in seconds.
    """

    def __init__(self, wall: Seconds = time.perf_counter, cpu: Seconds = time.process_time) -> None:
        self.wall_ms, self.cpu_ms = array("d"), array("d")
        self._wall, self._cpu = wall, cpu

    def time(self, step: Callable[[], T]) -> T:
        """Take a step and note how long it took."""
        wall, cpu = self._wall(), self._cpu()
        result = step()
        self.cpu_ms.append(1e3 * (self._cpu() - cpu))
        self.wall_ms.append(1e3 * (self._wall() - wall))
        return result

    def spread(self, steps: Sequence[int] | None = None) -> dict[str, float]:
        """Median and 95th percentile, in milliseconds, of some steps (by number, from 0) or of all."""
        chosen = range(len(self.wall_ms)) if steps is None else steps
        if not chosen:
            return {"chunks": 0}
        wall, cpu = ([times[k] for k in chosen] for times in (self.wall_ms, self.cpu_ms))
        return {
            "p50_ms": _percentile(wall, 50),
            "p95_ms": _percentile(wall, 95),
            "cpu_p50_ms": _percentile(cpu, 50),
            "cpu_p95_ms": _percentile(cpu, 95),
            "chunks": len(wall),
        }


def _percentile(milliseconds: Sequence[float], percent: float) -> float:
    return round(float(np.percentile(milliseconds, percent)), 3)
