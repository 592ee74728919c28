"""Replay: every stream is used as often as asked, with its own features, in another order than it came."""

from __future__ import annotations

import dataclasses
from collections import Counter

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from soundflow.train.replay import Encoded, replayed, split_by_stream
from tests.train.test_trainer import _stream


def test_each_stream_gets_its_own_chunks() -> None:
    short = dataclasses.replace(_stream(0), heard=_stream(0).heard[:2])
    pooled = torch.arange(8.0).view(8, 1, 1)
    first, second = split_by_stream([short, _stream(1)], pooled)
    assert first.pooled.flatten().tolist() == [0, 1]
    assert second.pooled.flatten().tolist() == [2, 3, 4, 5, 6, 7]


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 12), st.integers(1, 4), st.integers(1, 5), st.integers(0, 20))
def test_every_stream_is_learned_from_as_often_as_asked(groups: int, uses: int, size: int, pool: int) -> None:
    example = _stream(0)
    streams = [[Encoded(example, torch.tensor([float(g * size + i)])) for i in range(size)] for g in range(groups)]
    drawn = list(replayed(iter(streams), uses, size, pool, torch.Generator().manual_seed(0)))
    assert all(len(group) == size for group in drawn)
    counts = Counter(float(one.pooled) for group in drawn for one in group)
    assert counts == {float(n): uses for n in range(groups * size)}


def test_the_order_is_mixed() -> None:
    streams = [[Encoded(_stream(0), torch.tensor([float(n)]))] for n in range(50)]
    drawn = [float(group[0].pooled) for group in replayed(iter(streams), 1, 1, 20, torch.Generator().manual_seed(0))]
    assert sorted(drawn) == list(range(50)) and drawn != sorted(drawn)
