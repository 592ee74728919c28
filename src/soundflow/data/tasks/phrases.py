"""The words for a sound: noun, clause, plural, and what an assistant says on hearing it.

Words of known labels come from replies.json beside this file; a label that is not there gets plain words made from
its display name, synonyms and advice. Tests: tests/data/tasks/test_phrases.py.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from soundflow.data.clips import Label

NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


@dataclass(frozen=True)
class Phrases:
    """Forms of one sound's name: "a dog barking", "dog bark", "dog barks", "a dog is barking", "the dog barks"."""

    noun: str
    short: str
    plural: str
    clause: str
    when: str
    emotion: str
    replies: tuple[str, ...]  # each names the sound and gives one piece of advice


PhraseBook = Callable[[str], Phrases]  # from a label's name


@cache
def known_phrases() -> Mapping[str, Phrases]:
    """The words of every label this package knows."""
    rows = _read("replies.json")
    return {name: Phrases(**{**row, "replies": tuple(row["replies"])}) for name, row in rows.items()}


@cache
def instruction_templates() -> Mapping[str, tuple[str, ...]]:
    """Ways to ask for a task, by its name; {noun}, {plural} and {when} stand for the sound."""
    return {task: tuple(templates) for task, templates in _read("instructions.json").items()}


def phrases_of(label: Label) -> Phrases:
    """The words for a label, known or not; an unknown one that should be answered gets its advice, or a plain one."""
    known = known_phrases().get(label.name)
    if known is not None and (known.replies or not label.proactive):
        return known
    name = _plain_name(label)
    advice = label.advice or "Check that everything is safe."
    return Phrases(
        noun=name,
        short=name,
        plural=f"{name} sounds",
        clause=f"there is {name}",
        when=f"you hear {name}",
        emotion="normal",
        replies=(f"I hear {name}. {advice}", f"That is {name}. {advice}"),
    )


def instruction(task: str, phrases: Phrases | None, rng: np.random.Generator) -> str:
    """One way to ask for a task, in the handwriting of a user: now and then without capital or full stop."""
    templates = instruction_templates()[task]
    text = templates[int(rng.integers(len(templates)))]
    if phrases is not None:
        text = text.format(noun=phrases.noun, plural=phrases.plural, when=phrases.when)
    text = sentence(text)
    if rng.random() < 0.3:
        text = text.rstrip(".")
    return text[0].lower() + text[1:] if rng.random() < 0.2 and not text.startswith("I ") else text


def sentence(words: str) -> str:
    """The words with a capital at the start."""
    return words[:1].upper() + words[1:]


def number_word(count: int) -> str:
    """ "one" to "twelve", then digits."""
    return NUMBERS[count - 1] if 1 <= count <= len(NUMBERS) else str(count)


def _plain_name(label: Label) -> str:
    """The display name in lower case without brackets; what the brackets hid may be said by a synonym instead."""
    if "(" in label.display and label.synonyms:
        return label.synonyms[0].lower()
    return re.sub(r"\s*\(.*?\)", "", label.display).strip().lower() or label.name.replace("_", " ")


def _read(name: str) -> dict[str, Any]:
    rows: dict[str, Any] = json.loads(files(__package__).joinpath(name).read_text(encoding="utf-8"))
    return rows
