"""A finished corpus, read: its claim, its index and its streams. Tests: tests/data/build/test_run.py."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from soundflow.data.build.run import CLAIM_NAME, INDEX_NAME, QUARANTINE_NAME, corpus_hash
from soundflow.data.build.shard import decode, read_rows, read_shard
from soundflow.data.build.table import read_table
from soundflow.data.json_lines import lines_of
from soundflow.data.timeline import Timeline
from soundflow.errors import InputError

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class StoredStream:
    """One stream of a corpus; `sound` holds the file's bytes."""

    key: str
    annotation: Mapping[str, Any]
    timeline: Timeline
    sound: bytes

    @property
    def samples(self) -> Samples:
        """float32 [n], 16 kHz."""
        return decode(self.sound)


def read_claim(corpus: Path) -> dict[str, Any]:
    """What a corpus is made from.

    Raises:
        InputError: the folder is no corpus.
    """
    try:
        found = json.loads((corpus / CLAIM_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            "corpus.none", f"{corpus} is no corpus: {error}", "give a folder that data build made"
        ) from error
    if not isinstance(found, dict):
        raise InputError("corpus.none", f"{corpus / CLAIM_NAME} holds no object", "build it again")
    return found


def read_index(corpus: Path) -> list[dict[str, Any]]:
    """A row a stream.

    Raises:
        InputError: the corpus is not finished.
    """
    read_claim(corpus)
    return read_table(corpus / INDEX_NAME)


def read_quarantine(corpus: Path) -> list[dict[str, Any]]:
    """Everything that was left out, each with its reason."""
    try:
        lines = lines_of(corpus / QUARANTINE_NAME)
    except OSError:
        return []
    return [json.loads(line) for line in lines]


def corpus_sha256(corpus: Path) -> str:
    """The sha256 that `data build` gave the corpus, from what its shards say of themselves; no sound is read.

    Raises:
        InputError: no corpus, or a shard that is not finished.
    """
    read_claim(corpus)
    shards = [read_rows(corpus, number) for number, _ in enumerate(corpus.glob("shard-*.tar"))]
    finished = [shard for shard in shards if shard is not None]
    if len(finished) < len(shards):
        hint = "build it again: it goes on where it stood"
        raise InputError("corpus.unfinished", f"{corpus} is not finished: a shard has no rows", hint)
    return corpus_hash(finished)


def streams(corpus: Path) -> Iterator[StoredStream]:
    """Every stream in order; sound is not decoded until asked for.

    Raises:
        InputError: no corpus, or a shard that cannot be read.
    """
    read_claim(corpus)
    for path in sorted(corpus.glob("shard-*.tar")):
        for key, files in read_shard(path):
            yield _stored(key, files, path)


def find_stream(corpus: Path, key: str) -> StoredStream:
    """One stream by its key or number.

    Raises:
        InputError: it is not there.
    """
    wanted = f"{int(key):09d}" if key.isdigit() else key
    row = next((row for row in read_index(corpus) if row["key"] == wanted), None)
    if row is None:
        raise InputError("corpus.no_stream", f"{corpus} has no stream {key}", "its keys stand in index.parquet")
    path = corpus / str(row["shard"])
    return next(_stored(name, files, path) for name, files in read_shard(path) if name == wanted)


def _stored(key: str, files: Mapping[str, bytes], path: Path) -> StoredStream:
    try:
        annotation = json.loads(files["json"])
        sound = next(data for name, data in files.items() if name in ("flac", "wav"))
        return StoredStream(key, annotation, Timeline.from_values(annotation["timeline"]), sound)
    except (KeyError, StopIteration, ValueError) as error:
        raise InputError(
            "corpus.stream", f"stream {key} in {path} is not whole: {error!r}", "build it again"
        ) from error
