"""PEDANT of qa_metrics 0.2.17: is an answer right, by substring or else by a linear classifier over words.

Later releases decide otherwise; VoiceBench's SD-QA rests on this one. The weights are a file the caller names. Tests:
tests/bench/scorers/test_pedant.py.

Source: qa_metrics 0.2.17 (MIT), PEDANT.evaluate with a list of references.
"""

from __future__ import annotations

import math
import re
import string
import unicodedata
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from soundflow.bench.scorers.short_forms import write_out
from soundflow.errors import InputError

_ARRAYS = ("vocab", "idf", "coef", "intercept")
_EXTRA = 3  # features behind the words: F1, precision, recall
_DELETE_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ARTICLE = re.compile(r"(?<![a-z])(?:a|an|the)(?![a-z])")


@dataclass(frozen=True)
class Verdict:
    """Both texts in normal form, whether one holds the other, and the decision."""

    reference: str
    response: str
    contains: bool
    right: bool


@dataclass(frozen=True)
class Classifier:
    """The classifier's words with their idf, and its weights [words + 3]; above zero means incorrect."""

    columns: dict[str, int]
    idf: NDArray[np.float64]
    weights: NDArray[np.float64]
    intercept: float

    def incorrectness(self, text: str, shares: tuple[float, float, float]) -> float:
        """The decision value of a text with its F1, precision and recall.

        Words have two or more characters; counts times idf are scaled to length one.
        """
        words = Counter(word for word in re.findall(r"\b\w\w+\b", text.lower()) if word in self.columns)
        columns = [self.columns[word] for word in words]
        values = np.array([words[word] for word in words]) * self.idf[columns]
        length = math.sqrt(float(values @ values))
        score = float(values @ self.weights[columns]) / length if length else 0.0
        return score + float(np.dot(shares, self.weights[-_EXTRA:])) + self.intercept


def load_classifier(path: Path) -> Classifier:
    """Read the classifier's arrays.

    Raises:
        InputError: no such file, or it does not hold arrays of lengths that fit.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            vocab, idf, coef, intercept = (np.asarray(arrays[name]) for name in _ARRAYS)
        words = bytes(vocab.astype(np.uint8)).decode("utf-8").split("\n")
    except OSError as error:
        raise InputError("pedant.file", f"cannot read {path}: {error.strerror or error}", _hint()) from error
    except (ValueError, KeyError, EOFError) as error:
        raise InputError("pedant.arrays", f"{path} holds no classifier: {error}", _hint()) from error
    if len(words) != len(idf) or len(coef) != len(idf) + _EXTRA or intercept.size != 1:
        found = f"{len(words)} words, {len(idf)} idf values, {len(coef)} weights"
        raise InputError("pedant.lengths", f"{path}: {found}", "weights are three more than words")
    columns = {word: column for column, word in enumerate(words)}
    return Classifier(columns, idf.astype(np.float64), coef.astype(np.float64), float(intercept.reshape(-1)[0]))


def judge(classifier: Classifier, reference: str, response: str, question: str) -> Verdict:
    """Whether a response gives the reference answer to a question.

    Right where the reference's normal form is a substring of the response's (an empty reference always is), else
    where the classifier says so.
    """
    ref, said = normal(reference), normal(response)
    if ref in said:
        return Verdict(ref, said, True, True)
    text = f"[CLS] {said} [SEP] {ref} [SEP] {write_out(normal(question))} [SEP]"
    return Verdict(ref, said, False, classifier.incorrectness(text, _shares(said, ref)) <= 0)


def normal(text: str) -> str:
    """Lower case, no ASCII punctuation, no articles, single blanks; once more, for articles that then stand free."""
    return _normal_once(_normal_once(text))


def _normal_once(text: str) -> str:
    return " ".join(_without_articles(" ".join(text.lower().translate(_DELETE_PUNCTUATION).split())).split())


def _without_articles(text: str) -> str:
    """Articles that touch no word character, as the original's regex engine has them."""

    def replaced(found: re.Match[str]) -> str:
        start, end = found.span()
        touches = (start and _is_word(text[start - 1])) or (end < len(text) and _is_word(text[end]))
        return found.group() if touches else " "

    return _ARTICLE.sub(replaced, text)


def _is_word(letter: str) -> bool:
    """By Unicode's rule: combining marks, circled letters and joiners too, which `re` leaves out."""
    kind = unicodedata.category(letter)
    return kind[0] in "LM" or kind in ("Nd", "Nl", "Pc") or letter in "\u200c\u200d" or "\u24b6" <= letter <= "\u24e9"


def _shares(response: str, reference: str) -> tuple[float, float, float]:
    """F1, precision and recall of the response's set of words."""
    said, due = (set(normal(write_out(normal(text))).split()) for text in (response, reference))
    both = len(said & due)
    precision = both / len(said) if said else 0.0
    recall = both / len(due) if due else 0.0
    return (2 * precision * recall / (precision + recall) if both else 0.0), precision, recall


def _hint() -> str:
    return f"name an .npz with {', '.join(_ARRAYS)}"
