"""Word error rate of LibriSpeech by two rules: Whisper's normal form (A, ours), and Qwen2-Audio's script (B).

Tests: tests/bench/scorers/test_wer.py.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from soundflow.bench.scorers.alignment import Edits, align
from soundflow.bench.scorers.whisper_normal import basic_normal, english_normal


@dataclass(frozen=True)
class WordErrors:
    """One transcript against its reference, in the normal form they were compared in."""

    reference: str
    hypothesis: str
    edits: Edits

    @property
    def rate(self) -> float | None:
        """Errors for each word of the reference; None where the reference has none."""
        return self.edits.errors / self.edits.reference_words if self.edits.reference_words else None


def word_errors(reference: str, hypothesis: str) -> WordErrors:
    """Rule A: the edits between Whisper's English normal forms.

    Source: jiwer on openai/whisper's EnglishTextNormalizer.
    """
    ref, hyp = english_normal(reference), english_normal(hypothesis)
    return WordErrors(ref, hyp, align(ref.split(), hyp.split()))


def qwen_word_errors(reference: str, hypothesis: str) -> WordErrors:
    """Rule B: the English and then the basic normal form, which makes blanks of `%`, `$` and decimal points.

    Source: QwenLM/Qwen2-Audio, evaluate_asr.py; both normalisers run there for "en", a slip that is kept.
    """
    ref, hyp = _qwen_normal(reference), _qwen_normal(hypothesis)
    return WordErrors(ref, hyp, align(ref.split(), hyp.split()))


def _qwen_normal(text: str) -> str:
    text = re.sub(r"\s+", " ", re.sub(r"<\|.*?\|>", " ", text))
    text = re.sub(r" ?([!,.?;:])", r"\1", text).lstrip(" ")
    words = basic_normal(english_normal(text)).split(" ")
    return " ".join(word for word in words if not all(_is_punctuation(letter) for letter in word)).lower()


def _is_punctuation(letter: str) -> bool:
    return unicodedata.category(letter)[0] == "P"
