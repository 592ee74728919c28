"""The clip store: any number of clips in one file, found by words or by vectors, with filters.

Rows are added in transactions of a batch, so that a job that was killed goes on where it stood. Knows nothing of
layouts, embedders or networks. Tests: tests/data/store/test_index.py.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from soundflow.data.clips import Clip
from soundflow.data.store.one_split import unite
from soundflow.data.store.schema import connect
from soundflow.data.store.search_words import indexed, phrases

TOP = 3  # paper, section 3.2: candidates a query is given
FIRST_LOOK, WIDER = 512, 16  # ranked rows that are looked at before the filters, and how many times more when few pass
MOST_RANKED = 50_000  # rows; a word that stands in more says nothing of them, and ranking them would take seconds
SAID = ("transcript", "translation", "instrument", "caption", "title", "artist")  # fields a clip is found by
ROLES = {  # paper, section 3.2: the part a sound plays in a scene, and the kinds of clip that may play it
    "foreground": ("event", "speech", "music"),
    "background": ("event", "music", "background"),
    "ambient": ("background",),
}


@dataclass(frozen=True)
class Wanted:
    """Which clips a search may give; an empty filter lets everything through."""

    seconds: tuple[float, float] = (0.0, float("inf"))
    kinds: tuple[str, ...] = ()
    licences: tuple[str, ...] = ()  # how the licence may begin
    splits: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()

    def sql(self) -> tuple[str, list[Any]]:
        """A condition on the table of clips, and its values."""
        parts, values = ["clips.seconds BETWEEN ? AND ?"], list[Any](self.seconds)
        for column, allowed in (("kind", self.kinds), ("split", self.splits), ("label", self.labels)):
            if allowed:
                parts.append(f"clips.{column} IN ({','.join('?' * len(allowed))})")
                values += allowed
        if self.licences:
            parts.append("(" + " OR ".join(["substr(clips.licence, 1, ?) = ?"] * len(self.licences)) + ")")
            values += [part for licence in self.licences for part in (len(licence), licence)]
        return " AND ".join(parts), values


@dataclass(frozen=True)
class Hit:
    """A clip that was found; the smaller the rank the better, within one search."""

    clip: Clip
    rank: float


@dataclass(frozen=True)
class Source:
    """A folder or file that rows came from."""

    row: int
    folder: str
    layout: str


@dataclass(frozen=True)
class Conversation:
    """A text-form dialogue: the user's turns with their answers."""

    id: str
    language: str
    turns: tuple[tuple[str, str], ...]


class ClipIndex:
    """An open store.

    Args:
        path: the file, made when it is not there; None keeps it in memory.

    Raises:
        InputError: the file is something else.
        OutsideError: it cannot be opened.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self.base = connect(path)

    def __enter__(self) -> ClipIndex:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close it; afterwards the whole store is in its one file."""
        self.base.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.base.close()

    def __len__(self) -> int:
        """How many clips are in it."""
        return int(self.base.execute("SELECT COUNT(*) FROM clips").fetchone()[0])

    def source(self, folder: str, layout: str) -> Source:
        """The row of a folder, added when it is new."""
        with self.base:
            self.base.execute("INSERT OR IGNORE INTO sources(folder, layout) VALUES (?,?)", (folder, layout))
        row = self.base.execute("SELECT row, folder, layout FROM sources WHERE folder=?", (folder,)).fetchone()
        return Source(*row)

    def sources(self) -> tuple[Source, ...]:
        """Every folder that was indexed."""
        return tuple(Source(*row) for row in self.base.execute("SELECT row, folder, layout FROM sources ORDER BY row"))

    def home_of(self, clip_id: str) -> int | None:
        """The source of a clip that is in the store."""
        row = self.base.execute("SELECT source FROM clips WHERE id=?", (clip_id,)).fetchone()
        return None if row is None else int(row[0])

    def add(self, source: Source, clips: Sequence[Clip], faults: Iterable[tuple[str, str]] = ()) -> int:
        """Add clips and what is wrong with others, all or nothing.

        Returns:
            How many clips, of these and of those that were there, went into a stricter split with their recording.
        """
        labels = self.labels()
        with self.base:
            for clip in clips:
                done = self.base.execute(_INSERT, _values(clip, source.row))
                if done.rowcount:
                    row = (done.lastrowid, indexed(clip_words(clip, labels.get(clip.label, {}))))
                    self.base.execute("INSERT INTO words(rowid, text) VALUES (?,?)", row)
                self.base.execute("DELETE FROM quarantine WHERE source=? AND name=?", (source.row, clip.id))
            self.base.executemany(
                "INSERT OR REPLACE INTO quarantine VALUES (?,?,?)", [(source.row, *fault) for fault in faults]
            )
            return unite(self.base, {clip.recording for clip in clips if clip.recording})

    def add_labels(self, labels: Mapping[str, Mapping[str, Any]]) -> None:
        """What a folder's labels.json says; a label that is known stays as it is."""
        rows = [(name, json.dumps(known, ensure_ascii=False)) for name, known in labels.items()]
        with self.base:
            self.base.executemany("INSERT OR IGNORE INTO labels VALUES (?,?)", rows)

    def add_texts(self, source: Source, texts: Sequence[Conversation], faults: Iterable[tuple[str, str]] = ()) -> int:
        """Add conversations and what is wrong with others, all or nothing; how many were not there before.

        Another text under the name of one that is there is left out, with a reason.
        """
        added, faults = 0, list(faults)
        with self.base:
            for text in texts:
                turns = json.dumps(text.turns, ensure_ascii=False)
                done = self.base.execute(
                    "INSERT OR IGNORE INTO texts(source, id, language, turns) VALUES (?,?,?,?)",
                    (source.row, text.id, text.language, turns),
                )
                if done.rowcount:
                    added += 1
                    said = indexed(" ".join(part for turn in text.turns for part in turn))
                    self.base.execute("INSERT INTO text_words(rowid, text) VALUES (?,?)", (done.lastrowid, said))
                elif self._turns_of(source, text.id) != turns:
                    faults.append((text.id, "its file changed: another text of this name is in the store"))
            self.base.executemany(
                "INSERT OR REPLACE INTO quarantine VALUES (?,?,?)", [(source.row, *fault) for fault in faults]
            )
        return added

    def _turns_of(self, source: Source, text_id: str) -> str:
        query = "SELECT turns FROM texts WHERE source=? AND id=?"
        return str(self.base.execute(query, (source.row, text_id)).fetchone()[0])

    def labels(self) -> dict[str, dict[str, Any]]:
        """What is known of each label."""
        return {name: json.loads(known) for name, known in self.base.execute("SELECT * FROM labels ORDER BY name")}

    def quarantined(self) -> Iterator[tuple[str, str, str]]:
        """(folder, name, reason) of everything that was left out."""
        yield from self.base.execute(
            "SELECT folder, name, reason FROM quarantine JOIN sources ON sources.row=source ORDER BY folder, name"
        )

    def clips(self, wanted: Wanted | None = None, after_row: int = 0) -> tuple[Clip, ...]:
        """Clips in the order they were added, each `path` absolute."""
        return tuple(clip for _, clip in self.numbered(wanted, after_row))

    def numbered(self, wanted: Wanted | None = None, after_row: int = 0) -> Iterator[tuple[int, Clip]]:
        """Clips with their row, one at a time."""
        condition, values = (wanted or Wanted()).sql()
        found = self.base.execute(
            f"{_SELECT} WHERE {condition} AND clips.row > ? ORDER BY clips.row", [*values, after_row]
        )
        for row in found:
            yield row[0], _clip(row)

    def texts(self, language: str = "") -> Iterator[Conversation]:
        """Conversations in the order they were added."""
        found = self.base.execute(
            "SELECT id, language, turns FROM texts WHERE ?='' OR language=? ORDER BY row", (language, language)
        )
        for name, spoken, turns in found:
            yield Conversation(name, spoken, tuple((user, answer) for user, answer in json.loads(turns)))

    def search(self, query: str, limit: int = TOP, wanted: Wanted | None = None) -> list[Hit]:
        """The best clips for a query: those with all its words, then those with some, each in order of BM25.

        Where more than `MOST_RANKED` clips match they come in the order they were added, their rank 0.
        """
        found: list[Hit] = []
        for match in self._matches("words", query):
            known = {hit.clip.id for hit in found}
            more = [hit for hit in self._matching(match, limit + len(found), wanted) if hit.clip.id not in known]
            found += more[: limit - len(found)]
            if len(found) >= limit:
                break
        return found

    def search_texts(self, query: str, limit: int = TOP) -> list[Conversation]:
        """The best conversations for a query."""
        for match in self._matches("text_words", query):
            rows = self.base.execute(
                "SELECT texts.id, language, turns FROM text_words JOIN texts ON texts.row=text_words.rowid"
                " WHERE text_words MATCH ? ORDER BY text_words.rank LIMIT ?",
                (match, limit),
            ).fetchall()
            if rows:
                return [Conversation(name, spoken, tuple(map(tuple, json.loads(said)))) for name, spoken, said in rows]
        return []

    def passing(self, rows: Sequence[int], wanted: Wanted | None) -> dict[int, Clip]:
        """Those of some rows that a search may give."""
        condition, values = (wanted or Wanted()).sql()
        found: dict[int, Clip] = {}
        for start in range(0, len(rows), 500):  # SQLite takes so many values at once, and more
            some = [int(row) for row in rows[start : start + 500]]
            query = f"{_SELECT} WHERE clips.row IN ({','.join('?' * len(some))}) AND {condition}"
            found |= {row[0]: _clip(row) for row in self.base.execute(query, [*some, *values])}
        return found

    def sha256(self) -> str:
        """Of every clip and label, in order."""
        digest = hashlib.sha256()
        for clip in self.clips():
            digest.update(json.dumps(dataclasses.asdict(clip), ensure_ascii=False, sort_keys=True).encode())
        digest.update(json.dumps(self.labels(), ensure_ascii=False, sort_keys=True).encode())
        return digest.hexdigest()

    def _matching(self, match: str, limit: int, wanted: Wanted | None) -> list[Hit]:
        """The best that pass the filters; ranked first and filtered then, for a filter may hold for nearly all."""
        look = FIRST_LOOK
        while True:
            ranks = dict(self._ranked(match, look))
            passing = self.passing(list(ranks), wanted)
            if len(passing) >= limit or len(ranks) < look:
                hits = [Hit(clip, float(ranks[row])) for row, clip in passing.items()]
                return sorted(hits, key=lambda hit: (hit.rank, hit.clip.id))[:limit]
            look *= WIDER

    def _ranked(self, match: str, limit: int) -> list[tuple[int, float]]:
        rank = "0.0" if self._is_common("words", match) else "rank"
        order = "" if rank == "0.0" else "ORDER BY rank"
        return self.base.execute(
            f"SELECT rowid, {rank} FROM words WHERE words MATCH ? {order} LIMIT ?", (match, limit)
        ).fetchall()

    def _matches(self, table: str, query: str) -> list[str]:
        """What is asked of a table, the strictest first: every word, then any of those that are not everywhere."""
        words = phrases(query)
        rare = [word for word in words if len(words) > 1 and not self._is_common(table, word)]
        return [" AND ".join(words)] * bool(words) + [" OR ".join(rare)] * bool(rare)

    def _is_common(self, table: str, match: str) -> bool:
        query = f"SELECT COUNT(*) FROM (SELECT rowid FROM {table} WHERE {table} MATCH ? LIMIT {MOST_RANKED})"
        return int(self.base.execute(query, (match,)).fetchone()[0]) == MOST_RANKED


_COLUMNS = "source, id, path, label, kind, split, proactive, seconds, recording, grouped, licence, origin, category,"
_COLUMNS += " synthetic, extra"
_INSERT = f"INSERT OR IGNORE INTO clips({_COLUMNS}) VALUES ({','.join('?' * 15)})"
_SELECT = (
    "SELECT clips.row, sources.folder, clips.id, path, label, kind, split, proactive, seconds, recording, grouped,"
    " licence, origin, category, synthetic, extra FROM clips JOIN sources ON sources.row = clips.source"
)


def clip_words(clip: Clip, known: Mapping[str, Any]) -> str:
    """What a clip is found by: its label and the label's other names, its domain, what is said or played in it.

    Args:
        known: the label's row of labels.json, or nothing.
    """
    names = [clip.label.replace("_", " "), str(known.get("display") or ""), *map(str, known.get("synonyms") or ())]
    said = (str(clip.extra.get(name) or "") for name in SAID)
    return " ".join(word for word in (*names, clip.category or "", *said) if word)


def _values(clip: Clip, source: int) -> tuple[Any, ...]:
    flags = None if clip.proactive is None else int(clip.proactive), int(clip.synthetic)
    extra = json.dumps(dict(clip.extra), ensure_ascii=False, sort_keys=True)
    named = (clip.id, clip.path, clip.label, clip.kind, clip.split, flags[0], clip.seconds, clip.recording, clip.group)
    return (source, *named, clip.licence, clip.source, clip.category, flags[1], extra)


def _clip(row: Sequence[Any]) -> Clip:
    folder, name, path, label, kind, split, proactive, seconds, recording, group, *rest = row[1:]
    licence, origin, category, synthetic, extra = rest
    return Clip(
        id=name,
        path=str(Path(folder) / path),
        label=label,
        kind=kind,
        split=split,
        proactive=None if proactive is None else bool(proactive),
        seconds=seconds,
        recording=recording,
        group=group,
        licence=licence,
        source=origin,
        category=category,
        synthetic=bool(synthetic),
        extra=json.loads(extra),
    )
