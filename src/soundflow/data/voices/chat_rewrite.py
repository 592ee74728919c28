"""Spoken style by a chat endpoint, held against the rules: where it drifts or breaks them, the rules' text stands.

Source: paper, appendix "Dataset Curation Pipeline" (the spoken-style rewriter).
Tests: tests/data/voices/test_chat_rewrite.py.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field

from soundflow.data.endpoints.asking import Asker, Question
from soundflow.data.endpoints.prompts import prompt
from soundflow.data.voices.check import error_rate
from soundflow.data.voices.dialogues import MOST_CHARACTERS, Dialogue
from soundflow.data.voices.rewrite import spoken_style

MOST_DRIFT = 0.5  # of the words, against the rules' own text: a paraphrase beyond it is another text; chosen

_UNSAYABLE = re.compile(r"[\d*_`#|~<>{}\[\]\\\n]|https?:")
_HAN = re.compile(r"[一-鿿]")


class SpokenAnswer(BaseModel):
    """A text as the endpoint must write it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    text: str = Field(min_length=1, max_length=MOST_CHARACTERS)


def respoken(dialogues: Sequence[Dialogue], asker: Asker) -> list[Dialogue]:
    """Dialogues with every turn rewritten by an endpoint, where it was believed.

    Raises:
        OutsideError: the endpoint refuses us for good, or the cache cannot be written.
    """
    asked = [(d.name, number, text, d.language) for d in dialogues for number, text in enumerate(d.written)]
    answers = asker.answers([question(text, language, f"{name}/{number}") for name, number, text, language in asked])
    said = {(name, number): found for (name, number, _, _), found in zip(asked, answers, strict=True)}
    return [
        dataclasses.replace(d, turns=tuple(said.get((d.name, n)) or turn for n, turn in enumerate(d.turns)))
        for d in dialogues
    ]


def question(text: str, language: str, name: str) -> Question[str]:
    """What is asked about one turn."""
    data = {"language": language, "text": text}
    return Question(f"spoken {name}", prompt("voices/spoken"), data, lambda found: read_spoken(found, text, language))


def read_spoken(answer: str, text: str, language: str) -> str:
    """An answer as a spoken line.

    Raises:
        ValueError: no JSON, another shape, signs that cannot be said, another script, or another text.
    """
    spoken = SpokenAnswer.model_validate_json(answer).text.strip()
    if sign := _UNSAYABLE.search(spoken):
        raise ValueError(f"{sign.group()!r} cannot be said: {spoken[:80]!r}")
    ruled = spoken_style(text, language)
    if bool(_HAN.search(spoken)) != bool(_HAN.search(ruled)):
        raise ValueError(f"another script: {spoken[:80]!r}")
    drift = error_rate(ruled, spoken, language)
    if drift > MOST_DRIFT:
        raise ValueError(f"{drift:.0%} of it is another text: {spoken[:80]!r}")
    return spoken
