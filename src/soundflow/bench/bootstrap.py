"""Intervals: bootstrap over recordings for shares, exact Poisson bounds for counts, both for counts in runs.

Tests: tests/bench/test_bootstrap.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DRAWS = 1000
Counts = NDArray[np.float64]  # [..., columns]


@dataclass(frozen=True)
class Interval:
    """A figure with its 95 % bounds; None where there was nothing to measure."""

    value: float | None
    low: float | None
    high: float | None

    def to_dict(self) -> dict[str, float | None]:
        """Rounded to four digits."""
        return {k: None if v is None else round(v, 4) for k, v in self.__dict__.items()}


NOTHING = Interval(None, None, None)


def bootstrap(
    counts: Counts,
    recordings: Sequence[str] | Sequence[int],
    figure: Callable[[Counts], Counts],
    seed: int | Sequence[int] = 0,
    draws: int = DRAWS,
) -> Interval:
    """A figure over events, resampled by recording.

    Args:
        counts: [events, columns], what each event adds.
        recordings: the recording of each event; all its events are drawn together.
        figure: from summed columns [..., columns] to [...]; NaN where undefined.
        draws: how many times the recordings are drawn again.
    """
    if not len(counts):
        return NOTHING
    _, group = np.unique(np.asarray(recordings), return_inverse=True)
    sums = np.zeros((group.max() + 1, counts.shape[1]))
    np.add.at(sums, group, counts)
    value = float(figure(sums.sum(axis=0)))
    if math.isnan(value):
        return NOTHING
    weights = np.random.default_rng(seed).multinomial(len(sums), np.full(len(sums), 1 / len(sums)), size=draws)
    drawn = figure(np.asarray(weights @ sums, np.float64))
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    return Interval(value, float(low), float(high))


def ratio(counts: Counts) -> Counts:
    """The figure of two summed columns [..., 2]: the first over the second; NaN, without a warning, over nothing."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(counts[..., 0] / counts[..., 1])


def poisson_rate(count: int, hours: float) -> Interval:
    """Events an hour with exact 95 % bounds (Garwood); nothing when no time was heard."""
    if hours <= 0:
        return NOTHING
    low = 0.0 if count == 0 else _solve(lambda mean: 1 - _at_most(count - 1, mean), 0.025, count)
    high = _solve(lambda mean: 1 - _at_most(count, mean), 0.975, count)
    return Interval(count / hours, low / hours, high / hours)


def clustered_rate(
    counts: Sequence[int], hours: Sequence[float], clusters: Sequence[str] | None = None, seed: int = 0
) -> Interval:
    """Events an hour where they may come in runs: the wider of exact Poisson bounds and a bootstrap over clusters.

    Poisson's alone take every event for an accident of its own; the bootstrap alone knows nothing of a run that has
    not happened yet.

    Args:
        counts, hours: of each stream.
        clusters: what shares one is drawn together; each stream is its own where there are none.
    """
    exact = poisson_rate(sum(counts), sum(hours))
    if exact.low is None or exact.high is None:
        return exact
    pieces = np.stack([np.asarray(counts, np.float64), np.asarray(hours, np.float64)], axis=1)
    drawn = bootstrap(pieces, clusters or range(len(pieces)), ratio, seed)
    if drawn.low is None or drawn.high is None:
        return exact
    return Interval(exact.value, min(exact.low, drawn.low), max(exact.high, drawn.high))


def _at_most(count: int, mean: float) -> float:
    """P(X ≤ count) of a Poisson variable."""
    if mean <= 0:
        return 1.0
    return math.fsum(math.exp(i * math.log(mean) - mean - math.lgamma(i + 1)) for i in range(count + 1))


def _solve(rising: Callable[[float], float], target: float, near: int) -> float:
    low, high = 0.0, 10.0 + 3.0 * near
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < target else (low, middle)
    return (low + high) / 2
