"""All texts a tokenizer must know."""

from __future__ import annotations

from soundflow.data.tasks import all_texts
from soundflow.data.tasks.phrases import known_phrases


def test_every_text_once_in_a_fixed_order() -> None:
    texts = list(all_texts())
    assert len(texts) == len(set(texts))
    assert texts == list(all_texts())
    assert not any("{" in text for text in texts)


def test_replies_and_instructions_are_among_them() -> None:
    texts = set(all_texts())
    assert {"Dog bark number two.", "A dog is barking.", "Count the dog barks.", "Describe what you hear."} <= texts
    assert all(reply in texts for words in known_phrases().values() for reply in words.replies)
