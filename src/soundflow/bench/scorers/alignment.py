"""Edit distance of two word lists, and one alignment of least cost. Tests: tests/bench/scorers/test_alignment.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Edits:
    """What turns a reference into a hypothesis: words kept, replaced, left out and added."""

    hits: int
    substitutions: int
    deletions: int
    insertions: int

    @property
    def errors(self) -> int:
        """Substitutions, deletions and insertions: the edit distance, whatever the alignment."""
        return self.substitutions + self.deletions + self.insertions

    @property
    def reference_words(self) -> int:
        """The reference's length."""
        return self.hits + self.substitutions + self.deletions


def align(reference: Sequence[str], hypothesis: Sequence[str]) -> Edits:
    """Count the edits of an alignment of least cost.

    Where several cost the same, the split is jiwer's: what both have in common at their ends is set aside; then, going
    back from the end, a deletion goes first, and an insertion only where a substitution would cost one more.
    """
    head = _common(reference, hypothesis)
    ref, hyp = reference[head:], hypothesis[head:]
    tail = _common(ref[::-1], hyp[::-1])
    ref, hyp = ref[: len(ref) - tail], hyp[: len(hyp) - tail]
    costs = _costs(ref, hyp)
    substitutions = deletions = insertions = 0
    i, j = len(ref), len(hyp)
    while i or j:
        cost = costs[i, j]
        if i and cost == costs[i - 1, j] + 1:
            i, deletions = i - 1, deletions + 1
        elif not i or (j > 1 and costs[i, j - 1] < costs[i - 1, j - 1]):
            j, insertions = j - 1, insertions + 1
        else:
            i, j = i - 1, j - 1
            substitutions += int(costs[i, j] != cost)
    hits = len(reference) - substitutions - deletions
    return Edits(hits, substitutions, deletions, insertions)


def _costs(ref: Sequence[str], hyp: Sequence[str]) -> NDArray[np.int64]:
    """Edit distances [len(ref) + 1, len(hyp) + 1] of all beginnings."""
    words = {word: number for number, word in enumerate(dict.fromkeys([*ref, *hyp]))}
    columns = np.array([words[word] for word in hyp], np.int64)
    steps = np.arange(len(hyp) + 1)
    costs = np.empty((len(ref) + 1, len(hyp) + 1), np.int64)
    costs[0] = steps
    for i, word in enumerate(ref, 1):
        above = costs[i - 1]
        row = np.minimum(above + 1, np.concatenate(([i], above[:-1] + (columns != words[word]))))
        costs[i] = np.minimum.accumulate(row - steps) + steps  # insertions, all at once
    return costs


def _common(left: Sequence[str], right: Sequence[str]) -> int:
    count = 0
    while count < min(len(left), len(right)) and left[count] == right[count]:
        count += 1
    return count
