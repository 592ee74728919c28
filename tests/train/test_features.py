"""Features kept on disk: what is learned is the same to the bit, and the encoder runs once a stream."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import torch
from torch import Tensor

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

    first, again = cache.of(document.key, document.chunks, hear), cache.of(document.key, document.chunks, hear)
    assert times == 1 and torch.equal(first, again) and len(again) == document.chunks
    (path,) = cache.folder.iterdir()
    path.write_bytes(b"half")
    assert torch.equal(cache.of(document.key, document.chunks, hear), first) and times == 2


def test_another_encoder_has_another_cache(tmp_path: Path) -> None:
    network = small_start().network
    before = cache_of(tmp_path, network, False).folder
    assert cache_of(tmp_path, network, True).folder != before
    with torch.no_grad():
        network.encoder.conv1.weight += 1
    assert cache_of(tmp_path, network, False).folder != before


def test_the_start_of_a_stream_is_cut_out_of_the_whole(tmp_path: Path) -> None:
    cache, whole = cache_of(tmp_path, small_start().network, False), torch.rand(5, 2, 3)
    assert torch.equal(cache.of("k", 5, lambda: whole), whole)
    assert torch.equal(cache.of("k", 3, lambda: torch.zeros(0)), whole[:3])
    alone = dataclasses.replace(cache, is_causal=False)
    assert torch.equal(alone.of("k", 3, lambda: whole[:3] + 1), whole[:3] + 1)
