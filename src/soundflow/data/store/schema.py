"""The tables of a clip store, an SQLite file. Tests: tests/data/store/test_index.py."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from soundflow.data.store.one_split import disagreeing, unite
from soundflow.errors import InputError, OutsideError

APPLICATION = 0x50F1_0001  # in the file's header, so that another program's database is not taken for a store
VERSION = 2  # raised when the tables change; a store of version 1 is brought up to it when it is opened

TABLES = """
CREATE TABLE IF NOT EXISTS sources(row INTEGER PRIMARY KEY, folder TEXT UNIQUE, layout TEXT);
CREATE TABLE IF NOT EXISTS clips(row INTEGER PRIMARY KEY, source INTEGER, id TEXT UNIQUE, path TEXT, label TEXT,
  kind TEXT, split TEXT, proactive INTEGER, seconds REAL, recording TEXT, grouped TEXT, licence TEXT, origin TEXT,
  category TEXT, synthetic INTEGER, extra TEXT);
CREATE INDEX IF NOT EXISTS clips_by_recording ON clips(recording, split);
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(text, content='', tokenize='porter unicode61');
CREATE TABLE IF NOT EXISTS labels(name TEXT PRIMARY KEY, known TEXT);
CREATE TABLE IF NOT EXISTS quarantine(source INTEGER, name TEXT, reason TEXT, PRIMARY KEY(source, name));
CREATE TABLE IF NOT EXISTS texts(row INTEGER PRIMARY KEY, source INTEGER, id TEXT, language TEXT, turns TEXT,
  UNIQUE(source, id));
CREATE VIRTUAL TABLE IF NOT EXISTS text_words USING fts5(text, content='', tokenize='porter unicode61');
CREATE TABLE IF NOT EXISTS embedders(name TEXT PRIMARY KEY, width INTEGER, last_row INTEGER, centroids BLOB);
CREATE TABLE IF NOT EXISTS vectors(block INTEGER PRIMARY KEY, embedder TEXT, list INTEGER, rows BLOB, matrix BLOB);
CREATE INDEX IF NOT EXISTS vectors_by_list ON vectors(embedder, list);
"""


def connect(path: Path | None) -> sqlite3.Connection:
    """An open store; made where there is none. None keeps it in memory.

    Raises:
        InputError: the file is something else, or a store of another version (`store.unreadable`).
        OutsideError: the folder does not take it (`store.open`).
    """
    try:
        base = sqlite3.connect(":memory:" if path is None else str(path), check_same_thread=False)
        application, version, tables = (
            int(base.execute(query).fetchone()[0])
            for query in ("PRAGMA application_id", "PRAGMA user_version", "SELECT COUNT(*) FROM sqlite_master")
        )
        if tables and (application != APPLICATION or version not in (1, VERSION)):
            found = f"version {version}" if application == APPLICATION else "another program's database"
            message = f"{path} is no clip store of version {VERSION} ({found})"
            raise InputError("store.unreadable", message, "name another file; `data index` makes one")
        if not tables or version != VERSION:
            _bring_up(base)
    except sqlite3.OperationalError as error:
        hint = "check the folder, its permissions and the space left"
        raise OutsideError("store.open", f"cannot open {path}: {error}", hint) from error
    except sqlite3.DatabaseError as error:
        raise InputError("store.unreadable", f"{path} is no clip store: {error}", "name another file") from error
    # a power cut may lose the last batch, which the next run adds again; it cannot harm what was there
    base.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-65536")
    return base


def _bring_up(base: sqlite3.Connection) -> None:
    """Every table, and then the version, in one transaction: a kill leaves nothing, or a whole store.

    Version 1 kept one text an id in the whole store and a recording of two corpora in two splits; a kill could leave it
    with a part of its tables.
    """
    base.execute("PRAGMA page_size=8192")
    with base:
        base.execute("BEGIN IMMEDIATE")
        made = [str(sql) for (sql,) in base.execute("SELECT sql FROM sqlite_master WHERE name='texts'")]
        is_old = any("id TEXT UNIQUE" in sql for sql in made)  # looked at here: another process may have been first
        if is_old:
            base.execute("ALTER TABLE texts RENAME TO old_texts")
        for statement in TABLES.split(";"):
            base.execute(statement)
        if is_old:
            base.execute("INSERT INTO texts SELECT row, source, id, language, turns FROM old_texts")
            base.execute("DROP TABLE old_texts")
        unite(base, disagreeing(base))
        base.execute(f"PRAGMA application_id={APPLICATION}")
        base.execute(f"PRAGMA user_version={VERSION}")
