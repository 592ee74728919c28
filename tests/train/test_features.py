"""Features kept on disk: what is learned is the same to the bit, and the encoder runs once a stream."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import torch
from torch import Tensor

from soundflow.train.document import Piece
from soundflow.train.features import cache_of
from soundflow.train.learner import log_mels, pooled_features
from tests.train.corpora import documents, small_start


def test_a_stream_is_heard_once(corpus: Path, tmp_path: Path) -> None:
    network, document = small_start().network, documents(corpus)[0]
    cache, times = cache_of(tmp_path, network, False), 0

    def hear() -> Tensor:
        nonlocal times
        times += 1
        return pooled_features(network, log_mels(network, [document]), False)

    first, again = cache.of(document, hear), cache.of(document, hear)
    assert times == 1 and torch.equal(first, again) and len(again) == document.chunks
    (path,) = cache.folder.iterdir()
    path.write_bytes(b"half")
    assert torch.equal(cache.of(document, hear), first) and times == 2


def test_another_encoder_has_another_cache(tmp_path: Path) -> None:
    network = small_start().network
    before = cache_of(tmp_path, network, False).folder
    assert cache_of(tmp_path, network, True).folder != before
    with torch.no_grad():
        network.encoder.conv1.weight += 1
    assert cache_of(tmp_path, network, False).folder != before


def test_a_stream_of_pieces_is_read_from_what_is_kept_of_each(corpus: Path, tmp_path: Path) -> None:
    network, (first, second) = small_start().network, (documents(corpus)[i] for i in (0, 1))
    pieces = (Piece(first.key, 0, 2), Piece(second.key, 1, second.chunks))
    both = dataclasses.replace(first, key="both", chunks=4, pieces=pieces)
    cache, made = cache_of(tmp_path, network, False), torch.zeros(4, 1)
    assert torch.equal(cache.of(both, lambda: made), made) and not cache.folder.exists()  # nothing is kept yet
    heard = [pooled_features(network, log_mels(network, [document]), False) for document in (first, second)]
    kept = [cache.of(first, lambda: heard[0]), cache.of(second, lambda: heard[1])]
    assert torch.equal(cache.of(both, lambda: made), torch.cat([kept[0][:2], kept[1][1:3]]))
    assert torch.equal(dataclasses.replace(cache, is_causal=False).of(both, lambda: made), made)
