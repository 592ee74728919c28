"""Chunks come out whole, in order, stamped, however the sound was cut."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from soundflow.errors import InputError
from soundflow.model.bundle import Bundle
from soundflow.stream.perception import EncodedChunk, Perception, Samples
from soundflow.testing.model import scripted_bundle
from tests.stream.conftest import CHUNK, noise


def hear_all(bundle: Bundle, blocks: list[Samples]) -> list[EncodedChunk]:
    perception = Perception(bundle)
    chunks = [c for b in blocks for p in perception.pieces(b) for c in perception.hear(p, 0.0)]
    return chunks + perception.end(0.0)


def test_features_do_not_depend_on_how_sound_was_cut(small_bundle: Bundle) -> None:
    sound = noise(3.3)
    whole = hear_all(small_bundle, [sound])
    for size in (1777, 6400, 10_001):
        cut = hear_all(small_bundle, [sound[i : i + size] for i in range(0, len(sound), size)])
        assert [c.index for c in cut] == [0, 1, 2, 3]
        assert all(torch.equal(a.features, b.features) for a, b in zip(whole, cut, strict=True))


@settings(max_examples=30)
@given(st.lists(st.integers(0, 3 * CHUNK), max_size=8))
def test_pieces_end_on_chunk_borders_and_lose_nothing(sizes: list[int]) -> None:
    perception = Perception(scripted_bundle())
    chunks = 0
    for size in sizes:
        for piece in perception.pieces(np.zeros(size, np.float32)):
            chunks += len(perception.hear(piece, 0.0))
    assert perception.samples == sum(sizes)
    assert chunks == perception.chunks == sum(sizes) // CHUNK
    assert len(perception.end(0.0)) == (1 if sum(sizes) % CHUNK else 0)


def test_each_chunk_carries_the_time_it_was_whole() -> None:
    perception = Perception(scripted_bundle())
    stamps = [c.arrived_at for i, p in enumerate(perception.pieces(noise(3))) for c in perception.hear(p, float(i))]
    assert stamps == [0.0, 1.0, 2.0]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_bad_sample_counts_as_silence(small_bundle: Bundle, bad: float) -> None:
    sound = noise(2)
    clean, dirty = sound.copy(), sound.copy()
    clean[100], dirty[100] = 0.0, bad
    pairs = zip(hear_all(small_bundle, [clean]), hear_all(small_bundle, [dirty]), strict=True)
    assert all(torch.equal(a.features, b.features) for a, b in pairs)


@pytest.mark.parametrize(
    ("samples", "code"),
    [(np.zeros((2, 10), np.float32), "audio.shape"), (np.zeros(10, np.int16), "audio.dtype")],
)
def test_wrong_arrays_are_named(samples: Samples, code: str) -> None:
    with pytest.raises(InputError) as caught:
        list(Perception(scripted_bundle()).pieces(samples))
    assert caught.value.code == code
