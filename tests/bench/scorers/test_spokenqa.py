"""Spoken questions: the three string rules, where they part, and the goldens."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundflow.bench.scorers.spokenqa import exact_match, exist_match, lower_substring_match
from tests.bench.published import golden_rows


@pytest.mark.parametrize(
    ("answer", "prediction", "exist", "substring", "exact"),
    [
        ("Na", "It is Na.", True, True, False),
        ("Na", "banana", False, True, False),  # a token, or any letters
        ("Beyoncé", "Beyonce", False, False, False),
        ("the Black Sea", "Black Sea!", False, False, True),
        ("北京", "首都是北京", False, True, False),  # a run of Chinese is one token
        ("", "anything", True, True, False),
        ("Paris", "", False, False, False),
    ],
)
def test_each_rule(answer: str, prediction: str, exist: bool, substring: bool, exact: bool) -> None:
    assert exist_match([answer], prediction) is exist
    assert lower_substring_match([answer], prediction) is substring
    assert exact_match([answer], prediction) is exact


@given(st.lists(st.text(min_size=1, max_size=9), min_size=1, max_size=3), st.data())
def test_an_answer_itself_is_right_by_every_rule(answers: list[str], data: st.DataObject) -> None:
    said = data.draw(st.sampled_from(answers))
    assert exist_match(answers, said) and lower_substring_match(answers, said) and exact_match(answers, said)


@given(st.lists(st.text(max_size=6), max_size=3), st.text(max_size=6), st.text(max_size=20))
def test_another_answer_never_takes_a_point(answers: list[str], more: str, said: str) -> None:
    for rule in (exist_match, lower_substring_match, exact_match):
        assert rule([*answers, more], said) >= rule(answers, said)


def test_equal_to_the_goldens() -> None:
    for row in golden_rows("spokenqa_match.jsonl"):
        answers, said = row["answers"], row["prediction"]
        assert exist_match(answers, said) == bool(row["qa_exist_match"]), row
        assert lower_substring_match(answers, said) == bool(row["lower_substring_match"]), row
        assert exact_match(answers, said) == bool(row["exact_match"]), row
