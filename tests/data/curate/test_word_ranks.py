"""Clips by words: rank, kind, and queries that mean something to the search engine."""

from __future__ import annotations

import pytest

from soundflow.data.clips import Clip
from soundflow.data.curate.word_ranks import WordRanks, words_of

CLIPS = [
    Clip("a", "a", "dog_bark"),
    Clip("b", "b", "dog_bark"),
    Clip("c", "c", "car_horn"),
    Clip("d", "d", "speech_line", kind="speech", extra={"transcript": "the dog's dinner"}),
]


@pytest.fixture
def ranks() -> WordRanks:
    return WordRanks((clip, words_of(clip, ("woof",) if clip.label == "dog_bark" else ())) for clip in CLIPS)


def test_the_best_come_first_and_equals_by_id(ranks: WordRanks) -> None:
    assert [found.clip for found in ranks.search("a dog that barks", "event")] == ["a", "b"]
    assert [found.clip for found in ranks.search("woof", "event", limit=1)] == ["a"]
    assert ranks.search("!?", "event") == [] and ranks.search("zebra", "event") == []


def test_one_word_of_many_is_enough_and_only_the_kind_counts(ranks: WordRanks) -> None:
    assert [found.clip for found in ranks.search("horn of a zebra", "event")] == ["c"]
    assert [found.clip for found in ranks.search("dog", "speech")] == ["d"]


def test_words_with_a_meaning_in_fts_are_only_words(ranks: WordRanks) -> None:
    assert [found.clip for found in ranks.search('NEAR OR "dog" AND (', "event")] == ["a", "b"]


def test_a_clip_counts_once() -> None:
    twice = WordRanks([(CLIPS[0], "dog"), (CLIPS[0], "cat")])
    assert [found.clip for found in twice.search("dog", "event")] == ["a"] and twice.search("cat", "event") == []
