"""What judges' answers come to, as VoiceBench counts them. Tests: tests/bench/scorers/test_verdicts.py.

Source: MatthewCYM/VoiceBench 5338154, its open and qa evaluators.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

_IN_BRACKETS = re.compile(r"\[\[(\d+)\]\]")


def grade(verdict: str) -> float | None:
    """The number a judge gave: the whole text as one, else the first whole number in double brackets, else None.

    "4/5" and "Score: 4" are unreadable; "nan" and "inf" are numbers here, and poison a mean.
    """
    try:
        return float(verdict)
    except ValueError:
        found = _IN_BRACKETS.search(verdict)
        return float(found.group(1)) if found else None


def grades(verdicts: Sequence[str]) -> list[float] | None:
    """All numbers, or None where one of them cannot be read: the original then stops the whole run."""
    found = [value for verdict in verdicts if (value := grade(verdict)) is not None]
    return found if found and len(found) == len(verdicts) else None


def majority_is_yes(verdicts: Sequence[str]) -> bool:
    """Whether the most frequent verdict, in lower case, is exactly "yes"; "Yes." is another word.

    Where several are as frequent the original takes any of them; here only a clear majority counts.
    """
    counts = Counter(verdict.lower() for verdict in verdicts).most_common()
    return bool(counts) and counts[0][0] == "yes" and (len(counts) == 1 or counts[1][1] < counts[0][1])
