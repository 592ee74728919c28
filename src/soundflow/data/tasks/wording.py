"""The words for each sound: what it is called, what is said about it, and in which tone.

`replies.json` and `instructions.json` beside this file hold them; a label they lack gets plain words made from its
name. Tests: tests/data/tasks/test_wording.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
KIND_CLAUSES = {"speech": "someone is speaking", "music": "music is playing"}  # what a listener says of these kinds


@dataclass(frozen=True)
class Wording:
    """The forms of one label."""

    noun: str
    plural: str
    clause: str
    when: str
    emotion: str
    replies: tuple[str, ...]

    @property
    def description(self) -> str:
        """What a narrator says."""
        return self.clause[0].upper() + self.clause[1:] + "."

    def counted(self, number: int) -> str:
        """What a counter says at occurrence `number` (1 is the first)."""
        word = NUMBERS[number - 1] if number <= len(NUMBERS) else str(number)
        return f"{self.noun[0].upper()}{self.noun[1:]}, number {word}."

    @property
    def noticed(self) -> str:
        """What is said when a standing condition holds."""
        return f"You asked for this: {self.clause}."


@lru_cache
def wordings() -> dict[str, Wording]:
    """Every label that has words of its own."""
    rows = json.loads(files(__package__).joinpath("replies.json").read_text("utf-8"))
    return {label: Wording(**{**row, "replies": tuple(row["replies"])}) for label, row in rows.items()}


@lru_cache
def instructions(task: str) -> tuple[str, ...]:
    """The ways one task is asked for; they hold {noun}, {plural} and {when}."""
    return tuple(json.loads(files(__package__).joinpath("instructions.json").read_text("utf-8"))[task])


def wording(label: str, kind: str = "event") -> Wording:
    """The words of a label; of speech and music by kind; plain words for a label nobody wrote any for."""
    if label in wordings() and kind not in ("speech",):
        return wordings()[label]
    noun = label.replace("_", " ")
    clause = KIND_CLAUSES.get(kind, f"there is the sound of {noun}")
    return Wording(noun, f"sounds of {noun}", clause, f"there is {noun}", "normal", (f"I hear {noun}. Please check it.",))


def all_texts() -> Iterator[str]:
    """Every reply and instruction, to learn a tokenizer from."""
    for words in wordings().values():
        yield from (*words.replies, words.description, words.noticed, *(words.counted(n) for n in range(1, 13)))
        for task in ("counting", "standing"):
            yield from (i.format(noun=words.noun, plural=words.plural, when=words.when) for i in instructions(task))
    for kind in KIND_CLAUSES:
        yield wording("", kind).description
    yield from instructions("narration")
    yield "Speak up when a sound needs attention."
