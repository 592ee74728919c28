"""Gaps in which nothing happens."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from soundflow.analysis.covering import JOIN_SAMPLES, around, covered, quietest, spans_of


def test_the_quietest_moment_is_found() -> None:
    samples = np.ones(48_000, np.float32)
    samples[16_000:32_000] = 0.01
    found = quietest(samples, 12_800)
    assert len(found) == 12_800 and np.abs(found).max() == np.float32(0.01)
    assert len(quietest(samples[:500], 12_800)) == 500


def test_what_is_covered_is_gone_and_nothing_else() -> None:
    samples = np.ones(16_000, np.float32)
    out = covered(samples, [(4000, 8000)], np.full(1000, 0.25, np.float32))
    assert (out[:4000] == 1).all() and (out[8000:] == 1).all() and (samples == 1).all()
    middle = out[4000 + JOIN_SAMPLES : 8000 - JOIN_SAMPLES]
    assert middle.min() > 0.24 and middle.max() < 0.36  # where it begins again it adds up as noise does
    assert (np.diff(out[4000 : 4000 + JOIN_SAMPLES]) <= 0).all(), "a soft edge"


@given(st.integers(1, 3000), st.integers(0, 5000), st.integers(1, 9000))
def test_spans_have_their_length_lie_inside_and_reach_the_end(length: int, start: int, reach: int) -> None:
    end = start + reach
    spans = spans_of([length], start, end)
    assert all(start <= first < last <= end for first, last in spans)
    assert spans[0][1] == end
    if reach >= length:
        assert {last - first for first, last in spans} == {length}
        assert spans[-1][0] - start < length, "no more than a part of one is left at the beginning"
    else:
        assert spans == [(start, end)]


@given(st.integers(0, 100), st.integers(1, 100), st.integers(0, 100))
def test_a_span_and_what_is_around_it_are_all(before: int, length: int, after: int) -> None:
    span = (before, before + length)
    parts = sorted([span, *around(span, 0, before + length + after)])
    assert [at for part in parts for at in range(*part)] == list(range(before + length + after))


def test_nothing_covered_is_the_same() -> None:
    samples = np.random.default_rng(0).normal(0, 0.1, 4000).astype(np.float32)
    assert (covered(samples, [], samples[:800]) == samples).all()
