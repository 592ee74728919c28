"""One reply a rise: a sound that stays is one sound, and one that wavers too."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from soundflow.bench.baselines.rising import end_of, rises


def test_rises_by_hand() -> None:
    assert rises([0, 1, 1, 0, 0, 0, 1], 0.5) == [1, 6]
    assert rises([0, 1, 0, 1, 0, 1], 0.5) == [1, 5]  # chunk 3 comes too soon after chunk 1
    assert rises([], 0.5) == [] and rises([1.0], 0.5) == [0]


def test_a_chunk_ends_where_its_last_sample_is() -> None:
    assert (end_of(0), end_of(9)) == (0.4, 4.0)


@given(st.lists(st.floats(0, 1), max_size=60), st.floats(0.01, 1), st.integers(1, 6))
def test_rises_are_apart_and_causal(scores: list[float], threshold: float, gap: int) -> None:
    found = rises(scores, threshold, gap)
    assert all(scores[k] >= threshold for k in found)
    assert all(b - a >= gap for a, b in itertools.pairwise(found))
    half = len(scores) // 2
    assert rises(scores[:half], threshold, gap) == [k for k in found if k < half]
