"""How much of a text was heard, by numbers worked out by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundflow.serve.sound_marks import SoundMarks

TEXT = "A dog barks. Run! It is mad."  # sentences end at 12, 17 and 28


def test_nothing_is_played_of_what_was_not_sent() -> None:
    marks = SoundMarks()
    assert marks.characters(0) == marks.characters(5000) == 0
    marks.add(TEXT, "A dog barks.", True, 0)
    assert marks.characters(5000) == 0


def test_between_the_ends_of_two_sentences_the_pace_is_even() -> None:
    marks = SoundMarks()
    marks.add(TEXT, "A dog barks.", True, 600)
    marks.add(TEXT, "A dog barks.", False, 1200)
    marks.add(TEXT, "Run!", True, 1700)
    marks.add(TEXT, "It is mad.", True, 1800)
    assert [marks.characters(ms) for ms in (0, 600, 1200, 1300, 1600, 1700)] == [0, 6, 12, 13, 16, 17]


def test_a_sentence_that_may_go_on_is_heard_at_the_pace_of_those_before() -> None:
    marks = SoundMarks()
    marks.add(TEXT, "A dog barks.", True, 500)
    assert [marks.characters(ms) for ms in (250, 500, 9000)] == [4, 8, 8], "16 characters a second"
    marks.add(TEXT, "A dog barks.", False, 1200)
    marks.add(TEXT, "Run!", True, 1400)
    assert [marks.characters(ms) for ms in (1300, 1400, 9000)] == [13, 14, 14], "10 characters a second"


def test_a_sentence_that_is_said_slowly_is_heard_to_its_end_and_no_further() -> None:
    marks = SoundMarks()
    marks.add(TEXT, "A dog barks.", True, 6000)
    assert [marks.characters(ms) for ms in (3000, 6000, 9000)] == [6, 12, 12]


def test_a_reply_that_was_said_as_a_whole_is_heard_as_a_whole() -> None:
    marks = SoundMarks()
    marks.add("Run! …", "Run!", True, 100)
    marks.finish("Run! …", 110)
    assert [marks.characters(ms) for ms in (0, 55, 110)] == [0, 3, 6]


def test_a_reply_without_a_sound_was_not_heard() -> None:
    marks = SoundMarks()
    marks.finish("…", 0)
    assert marks.characters(9000) == 0


def test_words_that_come_twice_are_found_where_they_are_said() -> None:
    marks = SoundMarks()
    for number in range(1, 4):
        marks.add("No. No. No.", "No.", True, 100 * number)
    assert [marks.characters(ms) for ms in (100, 200)] == [3, 7]


@pytest.mark.parametrize(("sentence", "heard"), [("Not there.", 1), ("", 0)])
def test_a_sentence_that_is_not_in_the_text_counts_no_further_than_it(sentence: str, heard: int) -> None:
    marks = SoundMarks()
    marks.add("Run!", sentence, True, 100)
    assert marks.characters(100) == heard


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 500)), max_size=12), st.lists(st.integers(0, 4000), max_size=8))
def test_more_sound_is_never_less_text(pieces: list[tuple[bool, int]], played: list[int]) -> None:
    marks, sent_ms, sentences = SoundMarks(), 0, ["A dog barks.", "Run!", "It is mad."]
    for is_first, milliseconds in pieces:
        sent_ms += milliseconds
        sentences = sentences[1:] if is_first and len(sentences) > 1 else sentences
        marks.add(TEXT, sentences[0], is_first, sent_ms)
    heard = [marks.characters(ms) for ms in sorted(played)]
    assert heard == sorted(heard) and all(0 <= characters <= len(TEXT) for characters in heard)
