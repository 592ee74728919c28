"""Judges' answers: grades and majorities, with the strings that stop the original, and the goldens."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundflow.bench.scorers.verdicts import grade, grades, majority_is_yes
from tests.bench.published import golden_rows


@pytest.mark.parametrize(
    ("verdict", "value"),
    [
        ("4", 4),
        (" 4.5\n", 4.5),
        ("Rating: [[5]]", 5),
        ("[[10]]", 10),
        ("４", 4),
        ("4/5", None),
        ("Score: 4", None),
        ("", None),
    ],
)
def test_each_rule(verdict: str, value: float | None) -> None:
    assert grade(verdict) == value


def test_one_unreadable_verdict_spoils_its_row() -> None:
    assert grades(["4", "four"]) is None and grades([]) is None
    assert grades(["4", "[[5]]"]) == [4, 5]


@pytest.mark.parametrize(
    ("verdicts", "right"),
    [
        (["Yes", "YES", "no"], True),
        (["Yes.", "Yes.", "yes"], False),  # "Yes." is another word
        (["yes", "no", "maybe"], False),  # a tie is no majority
        ([], False),
    ],
)
def test_only_a_clear_yes_counts(verdicts: list[str], right: bool) -> None:
    assert majority_is_yes(verdicts) is right


@given(st.lists(st.sampled_from(["Yes", "yes", "No", "Yes."]), max_size=5))
def test_a_no_more_never_helps(verdicts: list[str]) -> None:
    assert majority_is_yes(verdicts) >= majority_is_yes([*verdicts, "No"])


def test_equal_to_the_goldens() -> None:
    for row in golden_rows("voicebench_open.jsonl"):
        found = grades(row["score"])
        mean = None if found is None else sum(found) / len(found)
        if mean is None:
            assert row["result"] == "raises NotImplementedError", row
        else:
            assert row["result"] == (mean if math.isfinite(mean) else str(mean)), row
    for row in golden_rows("voicebench_qa.jsonl"):
        assert majority_is_yes(row["score"]) == row["gpt_majority"], row
