"""Every row of a recording into one split, whatever the folders say that it came from.

Tests: tests/data/store/test_one_split.py.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from soundflow.data.splits import strictest


def unite(base: sqlite3.Connection, recordings: Iterable[str]) -> int:
    """Put the rows of each recording into the strictest of their splits; how many rows that moved."""
    moved = 0
    for recording in recordings:
        splits = [
            str(split) for (split,) in base.execute("SELECT DISTINCT split FROM clips WHERE recording=?", (recording,))
        ]
        if len(splits) > 1:
            update = "UPDATE clips SET split=?1 WHERE recording=?2 AND split<>?1"
            moved += base.execute(update, (strictest(splits), recording)).rowcount
    return moved


def disagreeing(base: sqlite3.Connection) -> list[str]:
    """The recordings whose rows stand in several splits."""
    query = "SELECT recording FROM clips WHERE recording<>'' GROUP BY recording HAVING COUNT(DISTINCT split)>1"
    return [str(recording) for (recording,) in base.execute(query)]
