"""A line through noisy values, and what it says."""

from __future__ import annotations

import numpy as np
import pytest

from soundflow.bench.growth import Held, slope


def test_a_straight_line_is_found_exactly() -> None:
    found = slope([0, 1, 2, 3], [5, 7, 9, 11])
    assert (found.value, found.low, found.high) == pytest.approx((2, 2, 2))


def test_what_does_not_grow_has_zero_within_its_bounds() -> None:
    noise = np.random.default_rng(0).standard_normal(200)
    found = slope(list(range(200)), list(noise))
    assert found.low is not None and found.high is not None and found.low < 0 < found.high
    grown = slope(list(range(200)), list(noise + 0.1 * np.arange(200)))
    assert grown.low is not None and grown.low > 0.09


def test_too_little_says_nothing() -> None:
    assert slope([0, 1, 2], [0, 1, 2]).value is None


def test_what_a_server_holds_is_read_from_its_figures() -> None:
    figures = {
        "soundflow_process_resident_memory_bytes": 3.0 * 2**20,
        "soundflow_process_open_fds": 9.0,
        "soundflow_threads": 4.0,
        "soundflow_tasks": 2.0,
    }
    assert Held.of_figures(1.5, figures) == Held(1.5, 3.0, 9, 4, 2)
