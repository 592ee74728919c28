"""Spoken numbers: examples of each rule. Equality with Whisper's own normaliser: test_whisper_normal.py."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundflow.bench.scorers.english_numbers import MULTIPLIERS, ONES, TENS, digits_for_words


@pytest.mark.parametrize(
    ("words", "digits"),
    [
        ("twenty five", "25"),
        ("two hundred and one", "201"),
        ("two thousand three hundred", "2300"),
        ("three point one four", "3.14"),
        ("one oh one", "101"),
        ("nineteen eighty four", "1984"),
        ("one", "one"),  # a bare 1 is written out
        ("minus five percent", "-5%"),
        ("twenty dollars and seven cents", "$20.07"),
        ("five and a half million", "5500000"),
        ("double oh seven", "007"),
        ("twenty first", "21st"),
        ("nineteen sixties", "1960s"),
        ("fish and chips", "fish and chips"),
    ],
)
def test_each_rule(words: str, digits: str) -> None:
    assert digits_for_words(words) == digits


@given(st.integers(1, 9), st.sampled_from(sorted(TENS)), st.sampled_from(sorted(MULTIPLIERS)))
def test_counted_as_a_person_counts(ones: int, tens: str, multiplier: str) -> None:
    name = next(word for word, value in ONES.items() if value == ones)
    assert digits_for_words(f"{tens} {name} {multiplier}") == str((TENS[tens] + ones) * MULTIPLIERS[multiplier])
    assert digits_for_words(f"the {tens} {name}") == f"the {TENS[tens] + ones}"


@given(st.lists(st.sampled_from(["cat", "dog", "mat"]), max_size=6))
def test_other_words_stay(words: list[str]) -> None:
    assert digits_for_words(" ".join(words)) == " ".join(words)


def test_thousands_of_digits_are_no_number_but_no_error_either() -> None:
    assert digits_for_words("9" * 5000 + " cats") == "9" * 5000 + " cats"
