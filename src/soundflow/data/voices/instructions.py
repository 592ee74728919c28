"""Every English instruction the tasks can give, to be spoken. Tests: tests/data/voices/test_instructions.py."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from soundflow.data.tasks.phrases import known_phrases
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


def _chat_instructions() -> Iterator[str]:
    """The texts of chat.json, with every wake word and every sound's noun where they have a place for one."""
    words = lines("keywords")["wake_words"]
    nouns = [phrases.noun for phrases in known_phrases().values()]
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
