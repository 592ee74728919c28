"""Every English instruction the tasks can give, to be spoken. Tests: tests/data/voices/test_instructions.py."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

from soundflow.data.tasks.phrases import instruction_templates, known_phrases, sentence
from soundflow.data.tasks.subtasks.words import lines
from soundflow.data.tasks.texts import task_instructions
from soundflow.data.voices.dialogues import Dialogue

KINDS = (  # of lines/chat.json
    "number_instructions",
    "wake_instructions",
    "wake_first_instructions",
    "barista",
    "emotional_instructions",
    "emotion_instructions",
    "describe_instructions",
    "music_questions",
    "transcribe",
    "translate",
    "interpret",
    "talk",
    "agent_instructions",
    "agent_order_instructions",
    "open_questions",
)


def spoken_instructions() -> Iterator[Dialogue]:
    """Each instruction once, as `instructions/N`, in a fixed order: those about one sound first, then chat.json's."""
    texts = dict.fromkeys((*task_instructions(), *_chat_instructions()))
    for number, text in enumerate(texts):
        yield Dialogue(f"instructions/{number}", "en", (text,))


def general_instructions() -> Iterator[Dialogue]:
    """Those of `spoken_instructions` that are about no one sound: few, and most streams are asked by one of them."""
    templates = (text for kind in instruction_templates().values() for text in kind)
    general = {sentence(text) for text in templates if "{" not in text} | set(_chat_instructions(nouns=()))
    yield from (dialogue for dialogue in spoken_instructions() if dialogue.turns[0] in general)


def _chat_instructions(nouns: Collection[str] | None = None) -> Iterator[str]:
    """The texts of chat.json, with every wake word and each of these nouns where they have a place for one.

    Args:
        nouns: None takes every sound's.
    """
    words = lines("keywords")["wake_words"]
    nouns = [phrases.noun for phrases in known_phrases().values()] if nouns is None else nouns
    for kind in KINDS:
        for text in _texts(lines("chat")[kind]):
            if re.search("[一-鿿]", text):
                continue
            if "{word}" in text:
                yield from (text.format(word=word) for word in words)
            elif "{noun}" in text:
                yield from (text.format(noun=noun) for noun in nouns)
            else:
                yield text


def _texts(node: Any) -> Iterator[str]:
    """The texts of a list, or of a table of lists."""
    if isinstance(node, str):
        yield node
    elif node is not None:
        for inner in node.values() if isinstance(node, dict) else node:
            yield from _texts(inner)
