"""Pairs: a difference with its bounds, an exact test, and no gain from leaving an event out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundflow.bench.compare import Pair, compare_rows, compare_table, compared, mcnemar
from soundflow.bench.rows import Row
from soundflow.errors import InputError


def rows(*rights: bool, start: int = 0) -> list[Row]:
    return [
        Row({"id": str(i), "right": right, "due": "respond" if i % 2 else "ignore", "recording": f"r{i}"}, f"line {i}")
        for i, right in enumerate(rights, start)
    ]


def test_mcnemar_by_hand() -> None:
    assert mcnemar(0, 0) == 1
    assert mcnemar(5, 0) == mcnemar(0, 5) == 2 / 32  # five of five, either way
    assert mcnemar(3, 1) == pytest.approx(2 * (1 + 4) / 16)


def test_shares_and_difference() -> None:
    found = compare_rows(rows(True, False, False, False), rows(True, True, True, False))["groups"]
    assert (found["all"]["a"], found["all"]["b"]) == (0.25, 0.75)
    assert found["all"]["difference"]["value"] == 0.5 and found["all"]["only_b_right"] == 2
    assert found["due to respond"]["pairs"] == found["due to ignore"]["pairs"] == 2
    assert compare_table({"a": "x", "b": "y", "groups": found, "only_in_a": [], "only_in_b": []}).row_count == 3


def test_an_event_that_is_missing_is_wrong_and_shown() -> None:
    found = compare_rows(rows(True, True, True), rows(True, True))
    assert found["groups"]["all"]["b"] == pytest.approx(2 / 3)
    assert found["only_in_a"] == ["2"] and found["only_in_b"] == []


def test_files_of_different_events_are_refused() -> None:
    with pytest.raises(InputError, match="no event in common"):
        compare_rows(rows(True), rows(True, start=5))
    with pytest.raises(InputError, match="twice"):
        compare_rows([*rows(True), *rows(False)], rows(True))
    with pytest.raises(InputError, match="no field right"):
        compare_rows([Row({"id": "0"}, "line 1")], rows(True))


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=30))
def test_swapping_the_two_turns_the_difference_round(outcomes: list[tuple[bool, bool]]) -> None:
    forth = compared([Pair(str(i), "respond", a, b) for i, (a, b) in enumerate(outcomes)])
    back = compared([Pair(str(i), "respond", b, a) for i, (a, b) in enumerate(outcomes)])
    assert forth["difference"]["value"] == -back["difference"]["value"]
    assert forth["p_value"] == back["p_value"] and 0 < forth["p_value"] <= 1
