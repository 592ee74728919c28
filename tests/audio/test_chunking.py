"""Chunks do not depend on how sound was cut, and nothing is lost or held for long."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soundflow.audio.chunking import Chunker
from soundflow.errors import UsageError


@settings(deadline=None)
@given(st.integers(1, 50), st.lists(st.integers(0, 130), max_size=12))
def test_any_cut_gives_the_same_chunks(chunk_samples: int, sizes: list[int]) -> None:
    sound = np.arange(sum(sizes), dtype=np.float32) + 1
    chunker = Chunker(chunk_samples)
    chunks = []
    start = 0
    for size in sizes:
        chunks += chunker.feed(sound[start : start + size])
        start += size
        assert chunker.pending_samples == start % chunk_samples
    chunks += chunker.end()
    padded = np.pad(sound, (0, -len(sound) % chunk_samples))
    assert all(len(chunk) == chunk_samples for chunk in chunks)
    assert np.array_equal(np.concatenate([*chunks, np.zeros(0)]), padded)


def test_chunks_are_copies_that_later_sound_cannot_change() -> None:
    chunker = Chunker(4)
    sound = np.ones(4, np.float32)
    (first,) = chunker.feed(sound)
    sound[:] = 5
    chunker.feed(sound)
    assert first.tolist() == [1, 1, 1, 1]


def test_end_on_a_border_gives_nothing_and_may_be_followed_by_more() -> None:
    chunker = Chunker(3)
    assert len(chunker.feed(np.ones(3, np.float32))) == 1
    assert chunker.end() == []
    chunker.feed(np.ones(1, np.float32))
    (last,) = chunker.end()
    assert last.tolist() == [1, 0, 0]
    assert chunker.end() == []


def test_a_chunk_of_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="a chunk of 0 samples"):
        Chunker(0)
