"""A new decoder behind old ears."""

from __future__ import annotations

import torch

from soundflow.train.renew import renewed, whitening
from tests.train.corpora import small_start


def uneven(rows: int, width: int) -> torch.Tensor:
    """Rows that vary a thousand times as much in one direction as in another, around a mean far from zero."""
    generator = torch.Generator().manual_seed(0)
    mixed = torch.randn(rows, width, generator=generator) * torch.logspace(0, -1.5, width)
    turn: torch.Tensor = torch.linalg.qr(torch.randn(width, width, generator=generator)).Q
    return mixed @ turn + 5


def test_what_varies_little_is_turned_up() -> None:
    rows = uneven(4000, 24)
    weight, bias = whitening(rows, 16, torch.Generator().manual_seed(1))
    spread = torch.linalg.eigvalsh(torch.cov((rows @ weight.T + bias).T))
    assert spread.max() < 1.05 and spread.min() > 0.3, "they were ninety times apart"
    assert (rows @ weight.T + bias).mean(0).abs().max() < 1e-3


def test_ears_and_vocabulary_stay_and_the_decoder_is_new() -> None:
    old = small_start()
    width = old.network.adapter.ln_post.weight.numel()
    pooled = uneven(500, width)[:, None]
    new = renewed(old, pooled, deviation=0.2, seed=3)
    drawn = new.network.state_dict()
    for name, weight in old.network.state_dict().items():
        is_still = name.startswith(("encoder.", "adapter.ln_post.")) or weight.dim() == 1  # zeros and ones
        assert name == "adapter.proj.bias" or torch.equal(weight, drawn[name]) is is_still, name
    heard = new.network.adapter.proj(new.network.adapter.ln_post(pooled)).detach()
    assert 0.05 < float(heard.std()) <= 0.21
    again = renewed(old, pooled, deviation=0.2, seed=3).network.state_dict()
    assert all(torch.equal(weight, again[name]) for name, weight in new.network.state_dict().items())
