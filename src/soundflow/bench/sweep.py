"""The operating curve: trigger accuracy at several thresholds, to choose one on `valid`.

A decision changes what the model hears next (its own words), so each threshold is a session of its own; only where no
p(response) lies between two thresholds are their sessions the same, and then one is enough. Tests:
tests/bench/test_sweep.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from soundflow.bench.bootstrap import Interval, clustered_rate
from soundflow.bench.listening import Heard, Job, Setting, compose_job, hear_composed
from soundflow.bench.scoring import score_stream
from soundflow.bench.trigger import RATES, Progress, names_of, rates
from soundflow.errors import UsageError
from soundflow.model.bundle import Bundle


@dataclass(frozen=True)
class OperatingPoint:
    """What one threshold gives over the same streams."""

    threshold: float
    rates: dict[str, Interval]
    stray_per_hour: Interval  # within these streams

    def to_dict(self) -> dict[str, Any]:
        """Threshold and rates, each with its bounds."""
        found = {name: self.rates[name].to_dict() for name in RATES}
        return {"threshold": self.threshold, **found, "stray_per_hour_in_streams": self.stray_per_hour.to_dict()}


def sweep(
    bundle: Bundle,
    setting: Setting,
    streams: int,
    thresholds: Sequence[float],
    progress: Progress = lambda what, seconds: None,
) -> tuple[OperatingPoint, ...]:
    """Hear the same streams at each threshold.

    Args:
        setting: its own threshold is not used; its split should be `valid` (ruling 12).
        streams: how many.
        thresholds: p(response) values, 0..1.

    Returns:
        One point a threshold, ascending.

    Raises:
        UsageError: no threshold.
    """
    ordered = sorted(set(thresholds))
    if not ordered or streams < 1:
        raise UsageError("bench.amount", f"{streams} streams at {len(ordered)} thresholds", "at least 1 and 1")
    heard: dict[float, list[Heard]] = {threshold: [] for threshold in ordered}
    for index in range(streams):
        for threshold, one in zip(ordered, heard_at_each(bundle, setting, Job("streams", index), ordered), strict=True):
            heard[threshold].append(one)
        progress("streams", heard[ordered[0]][-1].timeline.seconds)
    return tuple(_point(setting, threshold, heard[threshold]) for threshold in ordered)


def best_balanced(points: Sequence[OperatingPoint]) -> OperatingPoint:
    """The point with the highest balanced accuracy; the highest threshold among equals."""
    return max(points, key=lambda point: (point.rates["balanced_accuracy"].value or 0.0, point.threshold))


def heard_at_each(bundle: Bundle, setting: Setting, job: Job, ordered: Sequence[float]) -> Iterator[Heard]:
    """One stream, composed once, heard at each of ascending thresholds."""
    made = compose_job(setting, job)
    last: Heard | None = None
    for threshold in ordered:
        if last is None or not last.above < threshold <= last.up_to:
            last = hear_composed(bundle, threshold, job, made)
        yield last


def _point(setting: Setting, threshold: float, heard: Sequence[Heard]) -> OperatingPoint:
    names = names_of(setting.store)
    results = [score_stream(one.timeline, one.replies, names) for one in heard]
    stray = clustered_rate([len(one.stray) for one in results], [one.seconds / 3600 for one in results])
    return OperatingPoint(threshold, rates([event for result in results for event in result.events]), stray)
