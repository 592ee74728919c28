"""Vectors beside the rows of a store: exact search, and search in the nearest of many lists (IVF).

Vectors have length one and are kept as float16 in blocks, so that a search reads whole arrays. As they come they lie in
one heap; `cluster` sorts them into lists around centroids, and a search then reads the lists whose centroids are
nearest. Tests: tests/data/store/test_vectors.py.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from soundflow.data.store.index import TOP, ClipIndex, Hit, Wanted
from soundflow.errors import InputError

Matrix = NDArray[np.float32]
Rows = NDArray[np.int64]

HEAP = -1  # the list of vectors that are in none
BLOCK_ROWS = 8192  # vectors of one block at most
EXACT_ROWS = 50_000  # up to here every search looks at all of them: a few milliseconds
SAMPLE_PER_LIST = 64  # vectors the centroids are found from; chosen
ROUNDS = 8  # of k-means; chosen
PROBES = 24  # lists a search looks into; recall against exact search is in benchmarks/clip_store.py


class VectorTable:
    """The vectors of one embedder in a store.

    Args:
        index: the store.
        embedder: the name that its vectors carry.
        width: numbers of a vector.

    Raises:
        InputError: the store holds vectors of that name with another width (`vectors.width`).
    """

    def __init__(self, index: ClipIndex, embedder: str, width: int) -> None:
        self.index, self.embedder, self.width = index, embedder, width
        with index.base:
            index.base.execute("INSERT OR IGNORE INTO embedders VALUES (?,?,0,NULL)", (embedder, width))
        found = index.base.execute("SELECT width FROM embedders WHERE name=?", (embedder,)).fetchone()[0]
        if found != width:
            message = f"the store has vectors of {embedder} with {found} numbers, these have {width}"
            raise InputError("vectors.width", message, "use the embedder it was made with, or index into a new store")

    def __len__(self) -> int:
        """How many vectors there are."""
        query = "SELECT COALESCE(SUM(LENGTH(rows)), 0) FROM vectors WHERE embedder=?"
        return int(self.index.base.execute(query, (self.embedder,)).fetchone()[0]) // 8

    @property
    def last_row(self) -> int:
        """The last clip that was embedded; whatever has a greater row is still to do."""
        query = "SELECT last_row FROM embedders WHERE name=?"
        return int(self.index.base.execute(query, (self.embedder,)).fetchone()[0])

    def add(self, rows: Sequence[int], vectors: Matrix, up_to: int) -> None:
        """Add vectors of clips, all or nothing.

        Args:
            rows: of the clips.
            vectors: float32 [len(rows), width], of any length but none.
            up_to: the last clip that was looked at, embedded or not.
        """
        base = self.index.base
        with base:
            for start in range(0, len(rows), BLOCK_ROWS):
                part = slice(start, start + BLOCK_ROWS)
                self._write(HEAP, np.asarray(rows[part], np.int64), unit(vectors[part]))
            base.execute("UPDATE embedders SET last_row=MAX(last_row, ?) WHERE name=?", (up_to, self.embedder))

    def cluster(self, lists: int | None = None, seed: int = 0) -> int:
        """Sort all vectors into lists; how many there are now. The whole matrix is twice in memory meanwhile.

        Args:
            lists: how many; None: the square root of the number of vectors, none up to `EXACT_ROWS`.
        """
        count = len(self)
        if lists is None:
            lists = math.isqrt(count) if count > EXACT_ROWS else 0
        rows, matrix = self._all()
        centroids = k_means(matrix, lists, seed) if lists else None
        nearest = _nearest(matrix, centroids) if centroids is not None else np.full(count, HEAP)
        order = np.argsort(nearest, kind="stable")
        starts = np.flatnonzero(np.diff(nearest[order], prepend=HEAP - 1))
        with self.index.base as base:
            base.execute("DELETE FROM vectors WHERE embedder=?", (self.embedder,))
            for start, end in pairwise([*starts, count]):
                for first in range(start, end, BLOCK_ROWS):
                    some = order[first : min(first + BLOCK_ROWS, end)]
                    self._write(int(nearest[some[0]]), rows[some], matrix[some])
            blob = None if centroids is None else centroids.astype("<f4").tobytes()
            base.execute("UPDATE embedders SET centroids=? WHERE name=?", (blob, self.embedder))
        return lists

    def search(
        self, vector: Matrix, limit: int = TOP, wanted: Wanted | None = None, probes: int | None = PROBES
    ) -> list[Hit]:
        """The clips whose vectors are nearest, by cosine; the rank is one less the cosine.

        Args:
            vector: float32 [width].
            probes: lists that are looked into; None looks at every vector. A filter that few clips pass widens it.
        """
        query = unit(np.asarray(vector, np.float32)[None])[0]
        order = self._lists_near(query)
        look = len(order) if probes is None else min(probes, len(order))
        while True:
            found = self._passing(query, [HEAP, *order[:look]], limit, wanted)
            if len(found) >= limit or look >= len(order):
                return found
            look = min(len(order), look * 4)

    def _passing(self, query: Matrix, lists: Sequence[int], limit: int, wanted: Wanted | None) -> list[Hit]:
        rows, scores = self._scores(query, lists)
        order = np.lexsort((rows, -scores))
        found: list[Hit] = []
        start, size = 0, max(64, 8 * limit)
        while start < len(order) and len(found) < limit:
            some = order[start : start + size]
            passing = self.index.passing([int(rows[i]) for i in some], wanted)
            found += [Hit(passing[int(rows[i])], float(1 - scores[i])) for i in some if int(rows[i]) in passing]
            start, size = start + size, size * 4
        return found[:limit]

    def _scores(self, query: Matrix, lists: Sequence[int]) -> tuple[Rows, Matrix]:
        rows, scores = [np.zeros(0, np.int64)], [np.zeros(0, np.float32)]
        for some_rows, matrix in self._blocks(lists):
            rows.append(some_rows)
            scores.append(matrix.astype(np.float32) @ query)
        return np.concatenate(rows), np.concatenate(scores)

    def _lists_near(self, query: Matrix) -> list[int]:
        blob = self.index.base.execute("SELECT centroids FROM embedders WHERE name=?", (self.embedder,)).fetchone()[0]
        if blob is None:
            return []
        centroids = np.frombuffer(blob, "<f4").reshape(-1, self.width)
        return [int(i) for i in np.argsort(-(centroids @ query), kind="stable")]

    def _blocks(self, lists: Sequence[int]) -> Iterator[tuple[Rows, NDArray[np.float16]]]:
        base = self.index.base
        for number in lists:
            found = base.execute(
                "SELECT rows, matrix FROM vectors WHERE embedder=? AND list=? ORDER BY block", (self.embedder, number)
            )
            for rows, matrix in found:
                yield np.frombuffer(rows, "<i8"), np.frombuffer(matrix, "<f2").reshape(-1, self.width)

    def _all(self) -> tuple[Rows, NDArray[np.float16]]:
        query = "SELECT rows, matrix FROM vectors WHERE embedder=? ORDER BY block"
        count, at = len(self), 0
        rows, whole = np.zeros(count, np.int64), np.zeros((count, self.width), np.float16)
        for some, matrix in self.index.base.execute(query, (self.embedder,)):
            part = np.frombuffer(some, "<i8")
            rows[at : at + len(part)] = part
            whole[at : at + len(part)] = np.frombuffer(matrix, "<f2").reshape(-1, self.width)
            at += len(part)
        return rows, whole

    def _write(self, number: int, rows: Rows, matrix: NDArray[np.floating]) -> None:
        values = (self.embedder, number, rows.astype("<i8").tobytes(), matrix.astype("<f2").tobytes())
        self.index.base.execute("INSERT INTO vectors(embedder, list, rows, matrix) VALUES (?,?,?,?)", values)


def tables(index: ClipIndex) -> list[VectorTable]:
    """Every embedder's vectors in a store."""
    found = index.base.execute("SELECT name, width FROM embedders ORDER BY name").fetchall()
    return [VectorTable(index, name, width) for name, width in found]


def unit(vectors: NDArray[np.floating]) -> Matrix:
    """Vectors of length one, float32 [n, width]; one of zeros stays what it is."""
    vectors = np.asarray(vectors, np.float32)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1), np.float32)


def k_means(matrix: NDArray[np.floating], lists: int, seed: int) -> Matrix:
    """Centroids of length one, float32 [lists, width], found from a sample; an empty list begins anew at a vector."""
    rng = np.random.default_rng(seed)
    some = rng.choice(len(matrix), min(len(matrix), lists * SAMPLE_PER_LIST), replace=False)
    sample = unit(matrix[np.sort(some)])
    centroids = sample[rng.choice(len(sample), min(lists, len(sample)), replace=False)]
    for _ in range(ROUNDS):
        nearest = _nearest(sample, centroids)
        sums = np.zeros_like(centroids)
        np.add.at(sums, nearest, sample)
        counts = np.bincount(nearest, minlength=len(centroids))
        empty = np.flatnonzero(counts == 0)
        sums[empty] = sample[rng.choice(len(sample), len(empty))]
        centroids = unit(sums)
    return centroids


def _nearest(matrix: NDArray[np.floating], centroids: Matrix) -> NDArray[np.int64]:
    found = np.zeros(len(matrix), np.int64)
    for start in range(0, len(matrix), BLOCK_ROWS):
        part = np.asarray(matrix[start : start + BLOCK_ROWS], np.float32)
        found[start : start + BLOCK_ROWS] = np.argmax(part @ centroids.T, axis=1)
    return found
