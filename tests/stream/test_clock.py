"""Clocks and cost tables."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundflow.errors import InputError
from soundflow.stream.clock import CostTable, SimulatedClock, WallClock

TABLE = CostTable("toy", 10.0, ((1, 30.0), (2, 40.0), (4, 80.0)), 20.0)


@pytest.mark.parametrize(("chunks", "ms"), [(1, 30), (2, 40), (3, 60), (4, 80), (6, 120)])
def test_costs_lie_on_lines_through_the_table(chunks: int, ms: float) -> None:
    assert TABLE.decision(chunks) == pytest.approx(ms)


def test_a_single_row_scales_with_the_chunks() -> None:
    assert CostTable("one", 1.0, ((1, 7.0),), 1.0).decision(3) == 21.0


@pytest.mark.parametrize("rows", [(), ((0, 1.0),), ((2, 1.0), (1, 2.0)), ((1, 1.0), (1, 2.0))])
def test_a_table_must_rise_from_one(rows: tuple[tuple[int, float], ...]) -> None:
    with pytest.raises(InputError):
        CostTable("bad", 1.0, rows, 1.0)


def test_a_table_survives_json() -> None:
    assert CostTable.from_dict(json.loads(json.dumps(TABLE.to_dict()))) == TABLE


@given(st.lists(st.floats(0, 1e6), max_size=30))
def test_simulated_time_never_goes_back(moments: list[float]) -> None:
    clock = SimulatedClock(TABLE)
    for moment in moments:
        before = clock.now()
        clock.wait_until(moment)
        assert clock.now() == max(before, moment)


def test_a_wall_clock_does_not_wait_for_the_past() -> None:
    clock = WallClock()
    first = clock.now()
    clock.wait_until(first - 1.0)
    assert clock.now() >= first
