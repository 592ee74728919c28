"""MMAU's string rule with its traps, what is stripped before it, and the goldens."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundflow.bench.scorers.mmau import bare_choice, matches_choice
from tests.bench.published import golden_rows

CHOICES = ["a dog barks", "a cat meows", "the rain falls", "dog a barks"]
WORDS = st.lists(st.sampled_from(["dog", "cat", "rain", "a", "the"]), min_size=1, max_size=4).map(" ".join)


@pytest.mark.parametrize(
    ("prediction", "right"),
    [
        ("A dog barks!", True),
        ("barks dog a", True),  # order does not count
        ("a dog barks loudly", True),  # a word of no choice does no harm
        ("a dog", False),
        ("a dog barks in the yard", False),  # "the" is a word of a wrong choice only
        ("", False),
        ("B", False),
    ],
)
def test_each_rule(prediction: str, right: bool) -> None:
    assert matches_choice("a dog barks", CHOICES, prediction) is right


@given(st.lists(WORDS, min_size=2, max_size=5), st.data())
def test_the_right_choice_is_always_right(choices: list[str], data: st.DataObject) -> None:
    answer = data.draw(st.sampled_from(choices))
    assert matches_choice(answer, choices, answer)
    assert not matches_choice(answer, choices, "")


@pytest.mark.parametrize(
    ("prediction", "bare"),
    [
        ("The answer is (B) a cat meows", "a cat meows"),
        ("(A) a dog barks", "a dog barks"),
        ("Answer is: the rain falls", "the rain falls"),
        ("C", "the rain falls"),
        ("(c).", "the rain falls"),
        ("E", "E"),  # no such option
        ("a dog barks", "a dog barks"),
    ],
)
def test_what_is_stripped(prediction: str, bare: str) -> None:
    assert bare_choice(prediction, CHOICES) == bare


@given(st.text(max_size=30))
def test_stripping_makes_up_nothing(prediction: str) -> None:
    bare = bare_choice(prediction, CHOICES)
    assert bare in CHOICES or bare in prediction


def test_equal_to_the_goldens() -> None:
    for row in golden_rows("mmau_items.jsonl"):
        assert matches_choice(row["answer"], row["choices"], row["prediction"]) == row["match"], row
