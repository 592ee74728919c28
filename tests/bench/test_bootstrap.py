"""Intervals: known cases, and that they hold what they should."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundflow.bench.bootstrap import NOTHING, Counts, bootstrap, clustered_rate, poisson_rate


def share(counts: Counts) -> Counts:
    """First column over the second."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(counts[..., 0] / counts[..., 1])


def test_a_share_of_many_recordings_has_the_bounds_of_a_binomial() -> None:
    counts = np.array([[i < 300, 1] for i in range(400)], np.float64)
    found = bootstrap(counts, [f"r{i}" for i in range(400)], share)
    spread = 1.96 * (0.75 * 0.25 / 400) ** 0.5
    assert found.value == 0.75
    assert found.low == pytest.approx(0.75 - spread, abs=0.01) and found.high == pytest.approx(0.75 + spread, abs=0.01)


def test_events_of_one_recording_are_drawn_together() -> None:
    counts = np.array([[i < 300, 1] for i in range(400)], np.float64)
    alone = bootstrap(counts, [f"r{i}" for i in range(400)], share)
    together = bootstrap(counts, [f"r{i // 40}" for i in range(400)], share)
    assert alone.low is not None and together.low is not None
    assert together.low < alone.low - 0.05


def test_nothing_measured_has_no_figure() -> None:
    assert bootstrap(np.zeros((0, 2)), [], share) == NOTHING
    assert bootstrap(np.zeros((3, 2)), ["a", "b", "c"], share) == NOTHING
    assert poisson_rate(0, 0.0) == NOTHING


@pytest.mark.parametrize(
    ("count", "low", "high"), [(0, 0.0, 3.689), (1, 0.0253, 5.572), (10, 4.795, 18.39), (100, 81.36, 121.6)]
)
def test_poisson_bounds_are_garwood_s(count: int, low: float, high: float) -> None:
    found = poisson_rate(count, 1.0)
    assert found.value == count
    assert found.low == pytest.approx(low, rel=1e-3) and found.high == pytest.approx(high, rel=1e-3)


@given(st.lists(st.booleans(), min_size=1, max_size=40))
def test_a_figure_lies_within_its_bounds(right: list[bool]) -> None:
    found = bootstrap(np.array([[r, 1] for r in right], np.float64), [str(i) for i in range(len(right))], share)
    assert found.low is not None and found.value is not None and found.high is not None
    assert 0 <= found.low <= found.value + 1e-9 and found.value - 1e-9 <= found.high <= 1


def test_runs_widen_the_bounds_of_a_rate_and_accidents_do_not() -> None:
    hours = [1 / 30] * 60
    exact = poisson_rate(60, 2.0)
    even = clustered_rate([1] * 60, hours)
    run = clustered_rate([60] + [0] * 59, hours)
    assert dataclasses.astuple(even) == pytest.approx(dataclasses.astuple(exact)) and even.value == pytest.approx(30)
    assert run.low == 0 and run.high is not None and exact.high is not None and run.high > 2 * exact.high
    together = clustered_rate([1] * 30 + [0] * 30, hours, ["a"] * 30 + ["b"] * 30)
    assert together.low == 0 and together.high == pytest.approx(30)
    none, bound = clustered_rate([0] * 60, hours), poisson_rate(0, 2.0)
    assert none.low == 0 and none.high == pytest.approx(bound.high)
    assert clustered_rate([], []).value is None
