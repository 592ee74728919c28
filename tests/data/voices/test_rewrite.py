"""Spoken style: markdown, numerals, abbreviations and symbols, by example and by property."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundflow.data.voices.rewrite import number_in_mandarin, number_in_words, spoken_style


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("**Bold** and `code`", "Bold and code"),
        ("# Title\n- one\n- two", "Title one two"),
        ("See [the page](http://x.y/z) now", "See the page now"),
        ("Dr. Lee walked 12 km, i.e. far.", "Doctor Lee walked twelve kilometres, that is far."),
        (
            "It costs $40, or 3.5% of 1,250.",
            "It costs forty dollars, or three point five percent of one thousand two hundred and fifty.",
        ),
        ("2 + 2 = 4", "two plus two equals four"),
        ("```python\nx = 1\n``` Done", "Done"),
    ],
)
def test_english(text: str, spoken: str) -> None:
    assert spoken_style(text, "en") == spoken


@pytest.mark.parametrize(
    ("text", "spoken"),
    [("今天26度", "今天二十六度"), ("涨了15%", "涨了百分之十五"), ("3.14", "三点一四"), ("2024年", "二千零二十四年")],
)
def test_mandarin(text: str, spoken: str) -> None:
    assert spoken_style(text, "zh") == spoken


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "zero"), (21, "twenty-one"), (100, "one hundred"), (1_000_001, "one million one"), (-5, "minus five")],
)
def test_numbers(number: int, words: str) -> None:
    assert number_in_words(number) == words


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "零"), (10, "十"), (105, "一百零五"), (1010, "一千零一十"), (20_003, "二万零三"), (100_000_000, "一亿")],
)
def test_mandarin_numbers(number: int, words: str) -> None:
    assert number_in_mandarin(number) == words


@given(st.text(max_size=80))
def test_no_digit_and_no_markdown_is_left_and_twice_is_once(text: str) -> None:
    spoken = spoken_style(text, "en")
    assert not re.search(r"[0-9*`|~]", spoken) or not spoken.isascii()
    assert "\n" not in spoken
