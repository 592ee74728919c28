"""MMAU's string rule: all words of the right choice, none of the others'. Tests: tests/bench/scorers/test_mmau.py."""

from __future__ import annotations

import re
from collections.abc import Sequence

_LETTER = re.compile(r"\s*[(\[]?([A-Za-z])[)\].:]\s*(.*)", re.DOTALL)
_LEAD_IN = re.compile(r"\s*(?:the\s+)?(?:correct\s+|best\s+)?(?:answer|option|choice)\s+is\s*:?\s*", re.IGNORECASE)


def matches_choice(answer: str, choices: Sequence[str], prediction: str) -> bool:
    """Whether a prediction holds every word of the answer and no word that only a wrong choice has.

    Words are sets, without case or order. A choice with the answer's own words is not a wrong one.

    Source: Sakshi113/MMAU, evaluation.py.
    """
    said, due = _words(prediction), _words(answer)
    wrong: set[str] = set()
    for choice in choices:
        if (words := _words(choice)) != due:
            wrong |= words - due
    return bool(said) and due <= said and not said & wrong


def bare_choice(prediction: str, choices: Sequence[str]) -> str:
    """A prediction without the lead-in and option letter that the string rule would take for words.

    "The answer is (B) a dog." gives "a dog."; a letter alone gives the text of its choice. Only what a prediction
    begins with is taken away, and a letter only where it is one of the options.

    Source: own; the original rule is applied to what is left.
    """
    rest = prediction[found.end() :] if (found := _LEAD_IN.match(prediction)) else prediction
    bare = rest.strip().strip("().[]:")
    if len(bare) == 1 and 0 <= (index := ord(bare.upper()) - ord("A")) < len(choices):
        return choices[index]
    lettered = _LETTER.match(rest)
    if lettered and ord(lettered.group(1).upper()) - ord("A") < len(choices) and lettered.group(2):
        return lettered.group(2)
    return rest


def _words(text: str) -> set[str]:
    return set(re.findall(r"\b\w+\b", text.lower()))
