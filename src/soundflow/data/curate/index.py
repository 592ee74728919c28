"""Full-text search over clips: an SQLite file (or memory) with FTS5, filters beside it.

Tests: tests/data/curate/test_index.py.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from soundflow.data.clips import Clip
from soundflow.errors import InputError

MOST_CANDIDATES = 512  # ranked clips a query hands out at most
_BATCH = 10_000  # rows a transaction inserts at once


@dataclass(frozen=True)
class Found:
    """One hit: the clip's id, and its rank (BM25, smaller is better)."""

    clip: str
    rank: float


@dataclass(frozen=True)
class Filter:
    """Which clips are looked at. Seconds of recording; empty stands for any."""

    seconds: tuple[float, float] = (0.0, 1e9)
    kind: str = ""
    licence: str = ""  # how the licence begins
    split: str = ""


class ClipIndex:
    """An index of clips by words.

    Args:
        path: a file that is made when it is not there; None keeps it in memory.

    Raises:
        InputError: the file is no index.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self._base = sqlite3.connect(":memory:" if path is None else str(path))
        try:
            self._base.executescript(
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
                "CREATE TABLE IF NOT EXISTS clips(row INTEGER PRIMARY KEY, id TEXT UNIQUE, kind TEXT, seconds REAL,"
                " licence TEXT, split TEXT);"
                "CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(text, content='',"
                " tokenize='porter unicode61');"
            )
        except sqlite3.DatabaseError as error:
            raise InputError("index.unreadable", f"{path} is no clip index: {error}", "name another file") from error

    def add(self, clips: Iterable[tuple[Clip, str]]) -> int:
        """Add clips with their words; ids that are there are left as they are. Returns how many were added."""
        before = len(self)
        batch: list[tuple[Clip, str]] = []
        for pair in clips:
            batch.append(pair)
            if len(batch) == _BATCH:
                self._insert(batch)
                batch.clear()
        self._insert(batch)
        return len(self) - before

    def __len__(self) -> int:
        """How many clips are in it."""
        return int(self._base.execute("SELECT COUNT(*) FROM clips").fetchone()[0])

    def search(self, query: str, limit: int = 3, among: Filter | None = None) -> list[Found]:
        """The best clips for a query: those with most of its words, in order of rank; equals in order of id."""
        words = [word for word in re.findall(r"\w+", query.lower()) if word]
        if not words:
            return []
        among = among or Filter()
        rows = self._base.execute(
            "SELECT clips.id, words.rank FROM words JOIN clips ON clips.row = words.rowid WHERE words MATCH ?"
            " AND seconds BETWEEN ? AND ? AND (?='' OR kind=?) AND licence LIKE ? AND (?='' OR split=?)"
            " ORDER BY words.rank, clips.id LIMIT ?",
            (
                " OR ".join(f'"{word}"' for word in dict.fromkeys(words)),
                *among.seconds,
                among.kind,
                among.kind,
                among.licence + "%",
                among.split,
                among.split,
                limit,
            ),
        )
        return [Found(str(clip), float(rank)) for clip, rank in rows]

    def close(self) -> None:
        """Close the file."""
        self._base.close()

    def _insert(self, batch: list[tuple[Clip, str]]) -> None:
        with self._base:
            for clip, text in batch:
                done = self._base.execute(
                    "INSERT OR IGNORE INTO clips(id, kind, seconds, licence, split) VALUES (?,?,?,?,?)",
                    (clip.id, clip.kind, clip.seconds, clip.licence, clip.split),
                )
                if done.rowcount:
                    self._base.execute("INSERT INTO words(rowid, text) VALUES (?,?)", (done.lastrowid, text))


def words_of(clip: Clip, names: Iterable[str]) -> str:
    """What a clip is found by: its label, the label's names, and what is said or played in it."""
    said = [str(clip.extra.get(name) or "") for name in ("transcript", "instrument", "caption", "title")]
    return " ".join(word for word in [clip.label.replace("_", " "), *names, *said] if word)
