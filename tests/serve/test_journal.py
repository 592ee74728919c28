"""What is kept of what was told."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from soundflow.serve.journal import Journal


def test_who_missed_the_last_events_gets_them_again() -> None:
    journal = Journal(100)
    for number in range(1, 5):
        journal.add(number, f"event {number}")
    assert journal.since(2) == ["event 3", "event 4"]
    assert journal.since(4) == [] and journal.since(0) == [f"event {n}" for n in range(1, 5)]


def test_what_no_longer_fits_is_a_gap_and_not_a_silence() -> None:
    journal = Journal(10)
    for number in range(1, 5):
        journal.add(number, "12345")
    assert journal.since(2) == ["12345", "12345"]
    assert journal.since(1) is None


def test_what_was_acknowledged_makes_room() -> None:
    journal = Journal(10)
    journal.add(1, "12345")
    journal.acknowledge(1)
    journal.add(2, "1234567890")
    assert journal.since(1) == ["1234567890"] and journal.since(0) is None


def test_sound_makes_room_before_words_do() -> None:
    journal = Journal(20)
    journal.add(1, "words")
    journal.add(2, "sound sound", is_sound=True)
    journal.add(3, "sound", is_sound=True)
    assert journal.since(0) == ["words", "sound"], "the oldest sound is not told again"
    journal.add(4, "words words")
    assert journal.since(0) == ["words", "words words"]
    journal.add(5, "0123456789")
    assert journal.since(0) is None and journal.since(1) is None and journal.since(4) == ["0123456789"]


@given(st.lists(st.tuples(st.text(max_size=30), st.booleans()), max_size=40), st.integers(0, 60), st.integers(0, 45))
def test_of_what_is_no_sound_nothing_is_missed_unsaid(
    events: list[tuple[str, bool]], capacity: int, received: int
) -> None:
    journal = Journal(capacity)
    for number, (text, is_sound) in enumerate(events, 1):
        journal.add(number, f"{number} {text}", is_sound)
    missed = journal.since(received)
    whole = [(f"{n} {text}", is_sound) for n, (text, is_sound) in enumerate(events, 1) if n > received]
    if missed is not None:
        assert [text for text, is_sound in whole if not is_sound or text in missed] == missed


@given(st.lists(st.text(max_size=30), max_size=40), st.integers(0, 60), st.integers(0, 45))
def test_either_all_that_was_missed_or_nothing(texts: list[str], capacity: int, received: int) -> None:
    journal = Journal(capacity)
    for number, text in enumerate(texts, 1):
        journal.add(number, text)
    missed = journal.since(received)
    assert missed is None or missed == texts[received:]
    assert missed is not None or sum(map(len, texts[received:])) > capacity - max(map(len, texts))
