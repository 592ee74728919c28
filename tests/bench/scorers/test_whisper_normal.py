"""Whisper's normal forms: examples, the goldens, and equality with transformers' copy on random sentences."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from transformers.models.whisper.english_normalizer import BasicTextNormalizer, EnglishTextNormalizer

from soundflow.bench.scorers.english_numbers import CURRENCIES, MULTIPLIERS, ONES, ONES_SUFFIXED, SPECIALS, TENS, ZEROS
from soundflow.bench.scorers.whisper_normal import _spellings, basic_normal, english_normal
from tests.bench.published import golden_rows

ENGLISH, BASIC = EnglishTextNormalizer(_spellings()), BasicTextNormalizer()
NUMBER_WORDS = sorted({*ZEROS, *ONES, *TENS, *MULTIPLIERS, *ONES_SUFFIXED, *CURRENCIES, *SPECIALS, "per", "percent"})
OTHERS = [
    "cat",
    "a half",
    "25",
    "3.5",
    "$20",
    "1,000",
    "%",
    "mr",
    "can't",
    "colour",
    "[x]",
    "(y)",
    "uh",
    "é",
    "½",
    "x1",
    "-",
]


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("MISTER QUILTER'S MANNER", "mister quilter is manner"),  # every 's is "is"
        ("Mr. Smith won't come", "mister smith will not come"),
        ("uh [noise] the colour (coughs)", "the color "),
        ("café", "cafe"),
        ("It cost 1,000.50 dollars.", "it cost $1000.50 "),
    ],
)
def test_english(text: str, normal: str) -> None:
    assert english_normal(text) == ENGLISH(text)
    assert english_normal(text).strip() == normal.strip()


def test_basic_keeps_accents() -> None:
    assert basic_normal("Café, 5%!") == "café 5 "


@given(st.lists(st.sampled_from(NUMBER_WORDS + OTHERS), max_size=9).map(" ".join))
@example("and a half")
@example("twenty point million")
def test_equal_to_the_original_on_numbers(text: str) -> None:
    assert english_normal(text) == ENGLISH(text)


@given(st.text(max_size=40))
def test_equal_to_the_original_on_any_text(text: str) -> None:
    assert english_normal(text) == ENGLISH(text)
    assert basic_normal(text) == BASIC(text)


def test_equal_to_the_goldens() -> None:
    for row in golden_rows("whisper_normalizer.jsonl"):
        assert english_normal(row["text"]) == row["english"], row
        assert basic_normal(row["text"]) == row["basic"], row
