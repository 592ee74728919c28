"""The clips of a library ranked by words, for queries that a scene asks by the thousand; in memory, gone with it.

The clip store (`data/store/index.py`) keeps files and asks for all words first; here any word counts, and the draws of
a corpus hang on these very ranks. Tests: tests/data/curate/test_word_ranks.py.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from soundflow.data.clips import Clip

MOST_CANDIDATES = 512  # ranked clips a query hands out at most


@dataclass(frozen=True)
class Found:
    """One hit: the clip's id, and its rank (BM25, smaller is better)."""

    clip: str
    rank: float


class WordRanks:
    """Clips, each with the words it is found by; of equal ids the first counts."""

    def __init__(self, clips: Iterable[tuple[Clip, str]]) -> None:
        self._base = sqlite3.connect(":memory:")
        self._base.executescript(
            "CREATE TABLE clips(row INTEGER PRIMARY KEY, id TEXT UNIQUE, kind TEXT);"
            "CREATE VIRTUAL TABLE words USING fts5(text, content='', tokenize='porter unicode61');"
        )
        with self._base:
            for clip, text in clips:
                done = self._base.execute("INSERT OR IGNORE INTO clips(id, kind) VALUES (?,?)", (clip.id, clip.kind))
                if done.rowcount:
                    self._base.execute("INSERT INTO words(rowid, text) VALUES (?,?)", (done.lastrowid, text))

    def search(self, query: str, kind: str, limit: int = MOST_CANDIDATES) -> list[Found]:
        """The best clips of a kind for a query: those with most of its words by rank, equals by id."""
        words = dict.fromkeys(re.findall(r"\w+", query.lower()))
        if not words:
            return []
        rows = self._base.execute(
            "SELECT clips.id, words.rank FROM words JOIN clips ON clips.row = words.rowid"
            " WHERE words MATCH ? AND kind = ? ORDER BY words.rank, clips.id LIMIT ?",
            (" OR ".join(f'"{word}"' for word in words), kind, limit),
        )
        return [Found(str(clip), float(rank)) for clip, rank in rows]


def words_of(clip: Clip, names: Iterable[str]) -> str:
    """What a clip is found by: its label, the label's names, and what is said or played in it."""
    said = [str(clip.extra.get(name) or "") for name in ("transcript", "instrument", "caption", "title")]
    return " ".join(word for word in [clip.label.replace("_", " "), *names, *said] if word)
