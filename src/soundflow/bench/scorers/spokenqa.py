"""Spoken questions with a list of answers: three string rules. Tests: tests/bench/scorers/test_spokenqa.py."""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Iterator, Sequence

_DELETE_PUNCTUATION = str.maketrans("", "", string.punctuation)


def exist_match(answers: Sequence[str], prediction: str) -> bool:
    """Whether the tokens of any answer stand one behind the other in the prediction. The figure we report.

    Tokens are runs of letters, numbers and marks, or any other single visible character, after decomposition and
    without case. A run of Chinese is one token. An empty answer stands in everything.

    Source: UltraEval-Audio, qa-exist-match, which is DPR's has_answer.
    """
    said = list(_tokens(prediction))
    return any(_contains(said, list(_tokens(answer))) for answer in answers)


def lower_substring_match(answers: Sequence[str], prediction: str) -> bool:
    """Whether any answer, stripped and in lower case, is a substring of the prediction.

    Source: UltraEval-Audio, exist-match.
    """
    said = prediction.lower()
    return any(answer.strip().lower() in said for answer in answers)


def exact_match(answers: Sequence[str], prediction: str) -> bool:
    """Whether the prediction is an answer, but for case, ASCII punctuation, articles and blanks.

    Source: SQuAD.
    """
    return any(_squad_normal(answer) == _squad_normal(prediction) for answer in answers)


def _tokens(text: str) -> Iterator[str]:
    run = ""
    for letter in unicodedata.normalize("NFD", text):
        kind = unicodedata.category(letter)[0]
        if kind in "LNM":
            run += letter
            continue
        if run:
            yield run.lower()
            run = ""
        if kind not in "ZC":
            yield letter.lower()
    if run:
        yield run.lower()


def _contains(said: Sequence[str], answer: Sequence[str]) -> bool:
    return any(said[i : i + len(answer)] == answer for i in range(len(said) - len(answer) + 1))


def _squad_normal(text: str) -> str:
    bare = text.lower().translate(_DELETE_PUNCTUATION)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", bare).split())
