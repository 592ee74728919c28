"""Every text the tasks can produce, for training a tokenizer. Tests: tests/data/tasks/test_texts.py."""

from __future__ import annotations

from collections.abc import Iterator

from soundflow.data.tasks.counting import counted
from soundflow.data.tasks.narration import describe
from soundflow.data.tasks.phrases import NUMBERS, instruction_templates, known_phrases, sentence
from soundflow.data.tasks.standing import announce


def all_texts() -> Iterator[str]:
    """Yield every reply and every instruction, each once, in a fixed order."""
    seen: set[str] = set()
    for text in (*_replies(), *task_instructions()):
        if text not in seen:
            seen.add(text)
            yield text


def _replies() -> Iterator[str]:
    for words in known_phrases().values():
        yield from words.replies
        yield describe(words)
        yield announce(words)
        yield from (counted(words, count) for count in range(1, len(NUMBERS) + 1))


def task_instructions() -> Iterator[str]:
    """Yield every template of instructions.json with the words of every known label; some come more than once."""
    for templates in instruction_templates().values():
        for template in templates:
            for words in known_phrases().values():
                yield sentence(template.format(noun=words.noun, plural=words.plural, when=words.when))
