"""Alignments: by hand, as jiwer splits them, and what must hold for every edit distance."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from soundflow.bench.scorers.alignment import Edits, align

WORDS = st.lists(st.sampled_from("abcd"), max_size=12)


@pytest.mark.parametrize(
    ("reference", "hypothesis", "edits"),
    [
        ("the cat sat", "the cat sat", Edits(3, 0, 0, 0)),
        ("the cat sat", "", Edits(0, 0, 3, 0)),
        ("", "the cat", Edits(0, 0, 0, 2)),
        ("the cat sat", "the big cat sit", Edits(2, 1, 0, 1)),
    ],
)
def test_by_hand(reference: str, hypothesis: str, edits: Edits) -> None:
    assert align(reference.split(), hypothesis.split()) == edits


@given(WORDS, WORDS)
def test_split_as_jiwer_splits(reference: list[str], hypothesis: list[str]) -> None:
    """jiwer counts rapidfuzz's edit operations."""
    tags = [operation.tag for operation in Levenshtein.editops(reference, hypothesis)]
    found = align(reference, hypothesis)
    counts = (found.substitutions, found.deletions, found.insertions)
    assert counts == (tags.count("replace"), tags.count("delete"), tags.count("insert"))


@given(WORDS, WORDS, WORDS)
def test_a_distance(a: list[str], b: list[str], c: list[str]) -> None:
    assert align(a, b).errors == align(b, a).errors
    assert align(a, c).errors <= align(a, b).errors + align(b, c).errors
    assert (align(a, b).errors == 0) == (a == b)
    assert align(a, b).reference_words == len(a)
    assert align(a, b).hits + align(a, b).substitutions + align(a, b).insertions == len(b)
