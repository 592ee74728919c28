"""Axes with round numbers that hold every point, and a picture that stays inside its frame."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from soundflow.bench.report.document import Plot, Series
from soundflow.bench.report.plots import HEIGHT, WIDTH, log_ticks, svg, ticks

NUMBERS = st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: round(x, 3))


def test_ticks_by_hand() -> None:
    assert ticks(0, 100) == [0, 20, 40, 60, 80, 100]
    assert ticks(3, 3) == [3.0, 4.0] or ticks(3, 3)[0] <= 3 <= ticks(3, 3)[-1]
    assert log_ticks([0, 2, 300]) == [1, 10, 100, 1000] and log_ticks([0]) == [1, 10]


@given(NUMBERS, NUMBERS)
def test_ticks_hold_what_is_between(a: float, b: float) -> None:
    low, high = sorted((a, b))
    found = ticks(low, high)
    step = found[1] - found[0]
    assert found[0] <= low + 1e-6 * step and found[-1] >= high - 1e-6 * step and 2 <= len(found) <= 9


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=8), st.booleans())
def test_every_point_is_inside(points: list[tuple[float, float]], is_log: bool) -> None:
    picture = svg(Plot("p", "x", "y", (Series("s", tuple(points)),), is_log))
    for x, y in re.findall(r'cx="([-\d.]+)" cy="([-\d.]+)"', picture):
        assert 0 <= float(x) <= WIDTH and 0 <= float(y) <= HEIGHT


def test_nothing_to_draw_is_nothing() -> None:
    assert svg(Plot("p", "x", "y", (Series("s", ()),))) == ""
