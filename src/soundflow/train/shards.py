"""Streams out of corpora that `data build` made, drawn by position: the same stream at a position for ever.

Nothing is loaded ahead: a stream's bytes are read from its place in its tar when its turn comes, so that a run can go
on at any position at once, and each process reads only what it learns from. Knows nothing of tokens.
Tests: tests/train/test_shards.py.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from soundflow.data.build.corpus import StoredStream, read_index
from soundflow.data.tasks.registry import SILENT_SUB_TASK
from soundflow.data.timeline import Timeline
from soundflow.errors import InputError
from soundflow.train.document import Sounding
from soundflow.train.respoken import asked_of, opening_asks, respoken
from soundflow.train.shares import Row, shares_of, unmet
from soundflow.train.stages import Stage

GOLDEN = (math.sqrt(5) - 1) / 2  # steps by it fill an interval evenly
Placed = tuple[Path, Row]


class ShardStreams:
    """Position n of a stage's training: a stream of one of the corpora, each drawn as often as the stage's mix asks.

    Args:
        stage: None draws every stream alike; then positions below the number of streams meet nearly all of them.
        chunk_seconds: the model's, by which streams are put together; a timeline made for others is read in these.

    Attributes:
        unmet: what the stage asks of the mix and does not get, a line each.

    Raises:
        InputError: a folder is no finished corpus, or none of its streams fits the stage.
    """

    def __init__(self, corpora: Sequence[Path], stage: Stage | None, seed: int, chunk_seconds: float = 0.4) -> None:
        rows = [(folder, row) for folder in corpora for row in read_index(folder)]
        plain = [row for _, row in rows]
        shares = np.ones(len(rows)) if stage is None else shares_of(plain, stage)
        if not shares.sum():
            what = f" fits stage {stage.number}" if stage else ""
            found = f"none of the {len(rows)} streams of {', '.join(map(str, corpora))}{what}"
            raise InputError("shards.nothing", found, "look at mix and mix_ins, or build another corpus")
        self.unmet = unmet(plain, stage, shares) if stage else []
        order = np.random.default_rng(seed).permutation(len(rows))  # neighbours in a corpus need not follow each other
        self._rows = [rows[i] for i in order]
        self._upto = np.cumsum(shares[order] / shares.sum())
        self._start = float(np.random.default_rng([seed, 1]).random())
        self._seed = seed
        share = stage.respoken_share if stage else 0.0
        self._openings = Openings(self._rows, share, chunk_seconds) if share else None

    def __len__(self) -> int:
        return len(self._rows)

    def __call__(self, position: int) -> Sounding:
        """The stream at a position.

        Raises:
            InputError: its shard is damaged or gone.
        """
        at = (self._start + position * GOLDEN) % 1.0
        folder, row = self._rows[min(int(np.searchsorted(self._upto, at, side="right")), len(self._rows) - 1)]
        sounding = read_stream(folder / str(row["shard"]), str(row["key"]))
        if self._openings is None:
            return sounding
        return self._openings.said(sounding, np.random.default_rng([self._seed, 2, position]))


class Openings:
    """The streams of corpora that a voice opens, by what it asks; and other streams behind their openings."""

    def __init__(self, rows: Sequence[Placed], share: float, chunk_seconds: float) -> None:
        self._share, self._chunk_seconds = share, chunk_seconds
        self._saying: dict[str, list[tuple[Path, str]]] = {}
        for folder, row in rows:
            is_aloud = bool(row.get("spoken_instruction"))
            if is_aloud or row["sub_task"] == SILENT_SUB_TASK:
                shard, key = folder / str(row["shard"]), str(row["key"])
                asks = opening_asks(self._in_chunks(read_timeline(shard, key)), is_aloud)
                if asks is not None:
                    self._saying.setdefault(asks, []).append((shard, key))

    def said(self, sounding: Sounding, rng: np.random.Generator) -> Sounding:
        """A stream behind another voice that asks the same; as it is, by the share's chance or where none can."""
        sounding = dataclasses.replace(sounding, timeline=self._in_chunks(sounding.timeline))
        asks = asked_of(sounding.timeline, sounding.asks_aloud)
        voices = [] if asks is None else self._saying.get(asks, [])
        if not voices or rng.random() >= self._share:
            return sounding
        opening = read_stream(*voices[int(rng.integers(len(voices)))])
        return respoken(sounding, dataclasses.replace(opening, timeline=self._in_chunks(opening.timeline)))

    def _in_chunks(self, timeline: Timeline) -> Timeline:
        return dataclasses.replace(timeline, chunk_seconds=self._chunk_seconds)


def read_stream(shard: Path, key: str) -> Sounding:
    """One stream from its place in a shard.

    Raises:
        InputError: the shard cannot be read, or does not hold it.
    """
    with _whole(shard, key):
        files = _files(shard, key)
        annotation = json.loads(files.pop("json"))
        (sound,) = files.values()
        timeline = Timeline.from_values(annotation["timeline"])
        samples = StoredStream(key, annotation, timeline, sound).samples
        is_aloud = bool(annotation.get("spoken_instruction"))
        return Sounding(f"{key}-{hashlib.sha256(sound).hexdigest()[:16]}", samples, timeline, is_aloud)


def read_timeline(shard: Path, key: str) -> Timeline:
    """What happens in one stream, without its sound.

    Raises:
        InputError: the shard cannot be read, or does not hold it.
    """
    with _whole(shard, key):
        return Timeline.from_values(json.loads(_files(shard, key, ("json",))["json"])["timeline"])


@contextmanager
def _whole(shard: Path, key: str) -> Iterator[None]:
    """Says of what cannot be read which stream it is."""
    try:
        yield
    except (OSError, KeyError, ValueError, RuntimeError) as error:
        message = f"stream {key} in {shard} is not whole: {error!r}"
        raise InputError("shards.stream", message, "build the corpus again: it makes only what is missing") from error


def _files(shard: Path, key: str, extensions: Sequence[str] = ()) -> dict[str, bytes]:
    """A stream's files by their extensions: all of them, or some."""
    with shard.open("rb") as file:
        return {
            extension: _read(file, *place)
            for name, place in _places(shard).items()
            for stem, _, extension in [name.partition(".")]
            if stem == key and (not extensions or extension in extensions)
        }


@lru_cache(maxsize=512)
def _places(shard: Path) -> dict[str, tuple[int, int]]:
    """Where each file of a tar lies: offset and size in bytes. Only headers are read, once a shard."""
    try:
        with tarfile.open(shard, "r:") as tar:
            return {entry.name: (entry.offset_data, entry.size) for entry in tar}
    except (OSError, tarfile.TarError) as error:
        message = f"{shard} is not a readable shard: {error}"
        raise InputError("shards.unreadable", message, "build the corpus again") from error


def _read(file: Any, offset: int, size: int) -> bytes:
    file.seek(offset)
    data: bytes = file.read(size)
    if len(data) != size:
        raise ValueError(f"{size} bytes wanted, {len(data)} found")
    return data
