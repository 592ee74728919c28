"""Does a voice say what it should? Word errors against what an ASR wrote down; characters for Mandarin.

Source: paper, appendix "Dataset Curation Pipeline": the threshold is 0.10. Tests: tests/data/voices/test_check.py.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from soundflow.data.voices.rewrite import spoken_style

MOST_ERRORS = 0.10  # paper: τ_wer
RETRIES = 2  # paper: R


def error_rate(reference: str, heard: str, language: str) -> float:
    """Edit distance over the reference's length, in words, or in characters for Mandarin; spelling aside.

    Returns:
        0 for the same words; above 1 where more was heard than said. An empty reference counts as one word.
    """
    wanted, found = tokens(reference, language), tokens(heard, language)
    return distance(wanted, found) / max(1, len(wanted))


def tokens(text: str, language: str) -> list[str]:
    """The words that count: lower case, numbers spelled, no punctuation."""
    plain = spoken_style(text, language).lower().replace("-", " ").replace("mister", "mr")
    if language == "zh":
        return re.findall(r"[一-鿿]|[a-z0-9]+", plain)
    return re.findall(r"[a-z0-9']+", plain)


def distance(wanted: Sequence[str], found: Sequence[str]) -> int:
    """Fewest insertions, deletions and substitutions that make one into the other."""
    row = list(range(len(found) + 1))
    for i, word in enumerate(wanted, start=1):
        corner, row[0] = row[0], i
        for j, other in enumerate(found, start=1):
            corner, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, corner + (word != other))
    return row[-1]
