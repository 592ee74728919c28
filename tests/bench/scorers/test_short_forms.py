"""Short forms in text without ASCII punctuation: each written out, words left alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundflow.bench.scorers.short_forms import write_out


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("i dont know", "i do not know"),
        ("he’s gonna stay", "he is going to stay"),
        ("i’d’ve", "i would have"),  # the longest
        ("this may cause it", "this may cause it"),  # "cause" alone is "because"
        ("just cause", "just because"),
        ("undont", "undont"),  # no part of a word
    ],
)
def test_each_rule(short: str, long: str) -> None:
    assert write_out(short) == long


@given(st.lists(st.sampled_from(["paris", "seven", "42", "blue"]), max_size=5).map(" ".join))
def test_other_words_stay(text: str) -> None:
    assert write_out(text) == text
