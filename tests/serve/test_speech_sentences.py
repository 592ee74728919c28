"""Sentences out of a text in pieces."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundflow.serve.speech_sentences import MOST_CHARACTERS, Sentences

TEXTS = st.text(st.sampled_from('ab .,!?。！？…"”\n1'), max_size=600)


def sentences_of(*pieces: str) -> list[str]:
    cutter = Sentences()
    return [sentence for piece in pieces for sentence in cutter.feed(piece)] + cutter.end()


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("I hear glass. Put on shoes.", ["I hear glass.", "Put on shoes."]),
        ("It is 3.5 m. Dr. No is at J. Smith's! Run", ["It is 3.5 m.", "Dr. No is at J. Smith's!", "Run"]),
        ('He said "Stop!" and left.', ['He said "Stop!"', "and left."]),
        ("狗在叫。小心！走吧", ["狗在叫。", "小心！", "走吧"]),
        ("Wait... what?! Yes", ["Wait...", "what?!", "Yes"]),
        ("one\ntwo", ["one", "two"]),
        ("... — !", []),
        ("", []),
    ],
)
def test_by_example(text: str, sentences: list[str]) -> None:
    assert sentences_of(text) == sentences


def test_a_sentence_is_there_as_soon_as_it_is_over() -> None:
    cutter = Sentences()
    assert cutter.feed("I hear a dog.") == []
    assert cutter.feed(" Keep") == ["I hear a dog."]


@given(TEXTS, st.lists(st.integers(0, 600), max_size=8))
def test_any_cut_gives_the_sentences_of_the_whole(text: str, cuts: list[int]) -> None:
    places = [0, *sorted(cut for cut in cuts if cut < len(text)), len(text)]
    pieces = [text[a:b] for a, b in itertools.pairwise(places)]
    assert sentences_of(*pieces) == sentences_of(text)


@given(TEXTS)
def test_no_word_is_lost_and_none_is_too_long(text: str) -> None:
    found = sentences_of(text)
    assert all(0 < len(sentence) <= MOST_CHARACTERS for sentence in found)
    letters = [c for c in text if c.isalnum()]
    assert [c for sentence in found for c in sentence if c.isalnum()] == letters
