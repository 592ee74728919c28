"""Digits and wake words as texts to be spoken. Tests: tests/data/voices/test_instructions.py."""

from __future__ import annotations

from collections.abc import Iterator

from soundflow.data.tasks.subtasks.words import lines
from soundflow.data.voices.dialogues import Dialogue

LABELS = {"digits": "speech_digit", "wake_words": "speech_wake_word"}  # by the list of lines/keywords.json


def spoken_keywords() -> Iterator[Dialogue]:
    """Each word once, as `keywords/N`."""
    words = [(word, label) for kind, label in LABELS.items() for word in lines("keywords")[kind]]
    for number, (word, label) in enumerate(words):
        yield Dialogue(f"keywords/{number}", "en", (word,), label=label)
