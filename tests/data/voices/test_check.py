"""The error rate of what an ASR heard, by hand and by property."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundflow.data.voices.check import distance, error_rate

WORDS = st.lists(st.sampled_from("abcd"), max_size=8)


@pytest.mark.parametrize(
    ("said", "heard", "language", "rate"),
    [
        ("Which planet is it?", "which planet is it", "en", 0.0),
        ("It has ten legs.", "It has 10 legs", "en", 0.0),
        ("one two three four", "one too three", "en", 0.5),
        ("蜜蜂会酿什么？", "密封会要什么?", "zh", 0.5),
        ("今天二十六度", "今天26度", "zh", 0.0),
        ("", "noise", "en", 1.0),
    ],
)
def test_by_hand(said: str, heard: str, language: str, rate: float) -> None:
    assert error_rate(said, heard, language) == pytest.approx(rate)


@given(WORDS, WORDS)
def test_a_distance_is_one(a: list[str], b: list[str]) -> None:
    assert distance(a, b) == distance(b, a)
    assert abs(len(a) - len(b)) <= distance(a, b) <= max(len(a), len(b))
    assert (distance(a, b) == 0) == (a == b)
