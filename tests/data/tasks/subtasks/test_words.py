"""Packaged texts: spelled, split and offered as they should be."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from soundflow.data.tasks.material import plain
from soundflow.data.tasks.subtasks.words import lines, options, spelled

WORDS = st.text(st.characters(categories=("Ll", "Lu")), min_size=1, max_size=8)


@given(st.lists(WORDS, min_size=1, max_size=12))
def test_words_end_in_order_and_the_last_at_the_end(words: list[str]) -> None:
    said = spelled(" ".join(words), "en")
    shares = [piece.share for piece in said]
    assert [piece.reply.text for piece in said] == words
    assert shares == sorted(shares) and abs(shares[-1] - 1.0) < 1e-9


def test_mandarin_is_spelled_by_character_with_its_punctuation() -> None:
    assert [piece.reply.text for piece in spelled("你好，世界", "zh")] == ["你", "好，", "世", "界"]


@given(st.integers(0, 10_000))
def test_the_letter_is_the_right_answers(seed: int) -> None:
    text, letter = options("right", ["w1", "w2", "w3"], np.random.default_rng(seed))
    assert f"{letter}) right" in text and text.count(")") == 4


def test_the_lexicon_is_spelled_as_keys_are() -> None:
    assert all(plain(key) == key for key in lines("lexicon")["en_zh"])
    assert plain("Thank  you.") == "thank you"
    assert all(any("一" <= letter <= "鿿" for letter in v) for v in lines("lexicon")["en_zh"].values())
    assert all(v.isascii() for v in lines("lexicon")["zh_en"].values())


def test_dialogues_end_in_a_question_about_what_was_said() -> None:
    for turns in [*lines("dialogues")["en"], *lines("dialogues")["zh"]]:
        assert len(turns) >= 5 and turns[-1][0][-1] in "?？"
