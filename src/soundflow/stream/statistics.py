"""Percentiles of a stream without end in fixed memory. Tests: tests/stream/test_statistics.py."""

from __future__ import annotations

import math
from collections.abc import Iterable

_LOWEST_MS = 0.01  # values below count as this; chosen
_HIGHEST_MS = 1e7  # nearly three hours; values above count as this; chosen
_RATIO = 1.02  # width of a bin: a percentile is right to 1 %; chosen
_BINS = math.ceil(math.log(_HIGHEST_MS / _LOWEST_MS) / math.log(_RATIO)) + 1


class LatencyHistogram:
    """Counts latencies in bins of equal ratio."""

    def __init__(self) -> None:
        self._counts = [0] * _BINS
        self.count = 0

    def add(self, milliseconds: float) -> None:
        """Count one latency."""
        clipped = min(max(milliseconds, _LOWEST_MS), _HIGHEST_MS)
        self._counts[int(math.log(clipped / _LOWEST_MS) / math.log(_RATIO))] += 1
        self.count += 1

    def snapshot(self) -> list[tuple[int, int]]:
        """Bins that hold something, each with its count."""
        return [(i, count) for i, count in enumerate(self._counts) if count]

    def restore(self, kept: Iterable[tuple[int, int]]) -> None:
        """Hold what `snapshot` gave and nothing else."""
        self._counts = [0] * _BINS
        for i, count in kept:
            self._counts[i] = count
        self.count = sum(self._counts)

    def percentile(self, share: float) -> float | None:
        """The latency below which `share` (0 to 1) of all lie, to 1 %; None when nothing was counted."""
        if not self.count:
            return None
        wanted, seen = max(1, math.ceil(share * self.count)), 0
        for i, count in enumerate(self._counts):
            seen += count
            if seen >= wanted:
                return float(_LOWEST_MS * _RATIO ** (i + 0.5))
        raise AssertionError("counts and their sum disagree")
