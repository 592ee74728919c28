"""The packaged texts of the sub-tasks, read once. Tests: tests/data/tasks/subtasks/test_words.py."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from soundflow.data.tasks.material import pick
from soundflow.data.tasks.plan import Choice, respond
from soundflow.data.tasks.script import Said
from soundflow.data.timeline import Reply


@cache
def lines(name: str) -> Any:
    """One file of tasks/lines: `chat`, `commands`, `dialogues`, `facts`, `lexicon` or `parallel`."""
    return json.loads(files("soundflow.data.tasks").joinpath("lines", f"{name}.json").read_text(encoding="utf-8"))


def chat(name: str, rng: np.random.Generator) -> Any:
    """One wording of a kind out of chat.json."""
    return pick(rng, lines("chat")[name])


def instruction(name: str, variant: str, rng: np.random.Generator) -> Any:
    """One instruction of a kind in a language or direction."""
    return pick(rng, lines("chat")[name][variant])


def at_end(text: str, emotion: str | None = "normal") -> Choice:
    """Say this once the clip is over: a turn ends where the voice ends."""
    return Choice("respond", Reply(text, emotion), early_cue=False)


def as_known(text: str, emotion: str | None = "normal") -> Choice:
    """Say this as soon as a listener could know."""
    return respond(text, emotion)


def spelled(text: str, language: str) -> tuple[Said, ...]:
    """A transcript word by word (Mandarin: character by character), each where its letters end in the whole.

    An estimate: letters are taken to last alike. Nothing here has listened.
    """
    pieces = re.findall(r"[一-鿿][，。？！、]?|[A-Za-z]+", text) if language == "zh" else text.split()
    lengths = np.cumsum([max(1, len(re.sub(r"\W", "", piece))) for piece in pieces])
    total = float(lengths[-1]) if len(lengths) else 1.0
    return tuple(Said(float(n) / total, Reply(piece)) for piece, n in zip(pieces, lengths, strict=True))


def options(right: str, wrong: list[str], rng: np.random.Generator) -> tuple[str, str]:
    """A right answer among wrong ones: the options in words, and the right one's letter."""
    answers = [right, *wrong]
    order = [answers[int(i)] for i in rng.permutation(len(answers))]
    text = ", ".join(f"{letter}) {answer}" for letter, answer in zip("ABCDEF", order, strict=False))
    return text + ".", "ABCDEF"[order.index(right)]
