"""The guard: what is left out, and when a run is given up."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundflow.errors import OutsideError
from soundflow.train.guard import LEAST, MOST_IN_A_ROW, REMEMBERED, Guard


@pytest.mark.parametrize(("loss", "norm"), [(math.nan, 1.0), (math.inf, 1.0), (1.0, math.nan), (1.0, math.inf)])
def test_what_is_no_number_is_left_out(loss: float, norm: float) -> None:
    assert Guard().fault(loss, norm) == "not finite"


def test_a_leap_is_told_only_when_enough_is_known() -> None:
    few, enough = Guard((1.0,) * (LEAST - 1)), Guard((1.0,) * LEAST)
    assert few.fault(50.0, 1.0) is None
    assert enough.fault(50.0, 1.0) == "a leap" and enough.fault(2.9, 1.0) is None


def test_what_was_left_out_is_not_remembered() -> None:
    after = Guard((1.0, 2.0)).after(math.nan, "not finite", 7)
    assert after == Guard((1.0, 2.0), 1)
    assert after.after(1.5, None, 8) == Guard((1.0, 2.0, 1.5), 0)


def test_too_many_in_a_row_end_the_run() -> None:
    with pytest.raises(OutsideError, match="lower learning_rate"):
        Guard((), MOST_IN_A_ROW - 1).after(math.nan, "not finite", 9)


@given(st.lists(st.floats(0.01, 100), max_size=200))
def test_what_is_remembered_is_bounded(losses: list[float]) -> None:
    state = Guard()
    for step, loss in enumerate(losses):
        state = state.after(loss, None, step)
    assert state.losses == tuple(losses[-REMEMBERED:])
