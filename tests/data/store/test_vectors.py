"""Vectors: exact search is exact, lists find the same, filters hold, blocks keep what they were given."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from soundflow.data.store import vectors
from soundflow.data.store.index import ClipIndex, Wanted
from soundflow.data.store.vectors import VectorTable, k_means, tables, unit
from soundflow.errors import InputError
from tests.data.store.test_index import clip, filled


def store(count: int, width: int = 8, seed: int = 0) -> tuple[ClipIndex, VectorTable, NDArray[np.float32]]:
    """Clips with random vectors; every third is long."""
    index = filled(*(clip(f"{i:04d}", seconds=20.0 if i % 3 == 0 else 1.0) for i in range(count)))
    table = VectorTable(index, "random", width)
    matrix = np.random.default_rng(seed).normal(size=(count, width)).astype(np.float32)
    table.add(range(1, count + 1), matrix, count)
    return index, table, matrix


def nearest(matrix: NDArray[np.float32], query: NDArray[np.float32], limit: int) -> list[str]:
    """The answer by looking at every row, with the store's rounding."""
    scores = unit(matrix).astype(np.float16).astype(np.float32) @ unit(query[None])[0]
    return [f"{i:04d}" for i in np.argsort(-scores, kind="stable")[:limit]]


def test_exact_search_is_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "BLOCK_ROWS", 16)
    _, table, matrix = store(100)
    for query in np.random.default_rng(1).normal(size=(20, 8)).astype(np.float32):
        hits = table.search(query, 5)
        assert [hit.clip.id for hit in hits] == nearest(matrix, query, 5)
        assert all(0 <= hit.rank <= 2 for hit in hits)
    assert len(table) == 100 and table.last_row == 100


def test_lists_give_what_exact_search_gives_when_all_are_looked_into() -> None:
    _, table, matrix = store(300)
    query = matrix[7]
    before = [hit.clip.id for hit in table.search(query, 9)]
    assert table.cluster(lists=12) == 12
    assert [hit.clip.id for hit in table.search(query, 9, probes=None)] == before
    assert table.search(query, 1, probes=1)[0].clip.id == "0007" and len(table) == 300


def test_vectors_that_came_later_are_found_without_sorting_again() -> None:
    index, table, matrix = store(60)
    table.cluster(lists=6)
    index.add(index.sources()[0].__class__(1, "/sounds", "own"), [clip("new")])
    table.add([61], -matrix[:1], 61)
    assert table.search(-matrix[0], 1, probes=1)[0].clip.id == "new"
    table.cluster(lists=6)
    assert table.search(-matrix[0], 1, probes=1)[0].clip.id == "new" and len(table) == 61


def test_a_filter_widens_the_search_until_enough_pass() -> None:
    _, table, matrix = store(400)
    table.cluster(lists=20)
    hits = table.search(matrix[0], 30, Wanted((10.0, 30.0)), probes=1)
    assert len(hits) == 30 and all(hit.clip.seconds == 20.0 for hit in hits)
    assert table.search(matrix[0], 3, Wanted(labels=("none",)), probes=1) == []


def test_one_list_when_there_are_few(monkeypatch: pytest.MonkeyPatch) -> None:
    _, table, _ = store(50)
    assert table.cluster() == 0
    monkeypatch.setattr(vectors, "EXACT_ROWS", 40)
    assert table.cluster() == 7  # the square root


def test_centroids_find_clusters_and_leave_none_empty() -> None:
    rng = np.random.default_rng(0)
    centres = unit(rng.normal(size=(4, 16)))
    points = unit(np.repeat(centres, 50, axis=0) + 0.05 * rng.normal(size=(200, 16)))
    found = k_means(points, 4, seed=3)
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    assert k_means(points, 4, seed=3).tobytes() == found.tobytes()
    assert len(set((points @ k_means(points, 12, 0).T).argmax(axis=1))) >= 4


def test_an_empty_table_finds_nothing() -> None:
    table = VectorTable(ClipIndex(), "none", 4)
    assert table.search(np.ones(4, np.float32)) == [] and table.cluster() == 0 and len(table) == 0


def test_a_width_is_kept_to() -> None:
    index, _, _ = store(3)
    with pytest.raises(InputError, match="with 8 numbers, these have 9"):
        VectorTable(index, "random", 9)
    assert [(table.embedder, table.width) for table in tables(index)] == [("random", 8)]
