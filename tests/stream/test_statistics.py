"""Percentiles from a fixed number of bins."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundflow.stream.statistics import LatencyHistogram


def test_nothing_counted_has_no_percentile() -> None:
    assert LatencyHistogram().percentile(0.5) is None


@given(st.lists(st.floats(0.02, 1e6), min_size=1, max_size=300), st.sampled_from([0.05, 0.5, 0.95, 1.0]))
def test_percentiles_are_right_to_one_percent(values: list[float], share: float) -> None:
    histogram = LatencyHistogram()
    for value in values:
        histogram.add(value)
    exact = sorted(values)[max(1, math.ceil(share * len(values))) - 1]
    assert histogram.percentile(share) == pytest.approx(exact, rel=0.0101)


def test_absurd_values_are_counted_at_the_ends() -> None:
    histogram = LatencyHistogram()
    for value in (-1.0, 0.0, 1e12):
        histogram.add(value)
    assert histogram.count == 3
    assert histogram.percentile(0.5) == pytest.approx(0.01, rel=0.011)
    assert histogram.percentile(1.0) == pytest.approx(1e7, rel=0.03)
