"""The adapter: pooling by hand-computed numbers, and a gradient where nothing varies."""

from __future__ import annotations

import dataclasses

import torch

from soundflow.model.adapter import Adapter
from soundflow.model.config import EncoderConfig

CONFIG = EncoderConfig(80, 2, 1, 1, 4, pool=4, pool_statistics=("mean", "std"))


def test_mean_and_deviation_of_each_group_stand_side_by_side() -> None:
    adapter = Adapter(CONFIG, 3)
    rows = torch.tensor(
        [[0.0, 1.0], [2.0, 1.0], [4.0, 1.0], [6.0, 1.0], [5.0, 0.0], [5.0, 0.0], [5.0, 2.0], [5.0, 2.0]]
    )
    pooled = adapter.pooled(rows[None])
    expected = torch.tensor([[3.0, 1.0, 5.0**0.5, 0.0], [5.0, 1.0, 0.0, 1.0]])
    torch.testing.assert_close(pooled[0], expected, atol=2e-3, rtol=0)


def test_the_release_s_shape_averages_pairs() -> None:
    adapter = Adapter(dataclasses.replace(CONFIG, pool=2, pool_statistics=("mean",)), 3)
    rows = torch.arange(16.0).view(1, 8, 2)
    assert adapter.pooled(rows)[0].tolist() == [[1, 2], [5, 6], [9, 10], [13, 14]]
    assert adapter(rows).shape == (1, 4, 3)


def test_silence_gives_a_finite_gradient() -> None:
    adapter = Adapter(CONFIG, 3)
    rows = torch.zeros(1, 4, 2, requires_grad=True)
    adapter(rows).sum().backward()
    assert rows.grad is not None and bool(torch.isfinite(rows.grad).all())
