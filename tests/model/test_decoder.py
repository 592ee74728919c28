"""The decoder: causal, with or without a cache; norms by hand."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from soundflow.errors import InputError
from soundflow.model.cache import KVCache
from soundflow.model.config import DecoderConfig
from soundflow.model.decoder import Decoder, RMSNorm
from tests.model.conftest import small_config


def _decoder(config: DecoderConfig) -> Decoder:
    torch.manual_seed(0)
    return Decoder(config).eval().requires_grad_(False)


def test_the_norm_divides_by_the_root_mean_square() -> None:
    norm = RMSNorm(2, eps=0.0)
    torch.testing.assert_close(norm(torch.tensor([3.0, 4.0])), torch.tensor([3.0, 4.0]) / 12.5**0.5)


def test_the_norm_is_computed_in_float32_and_keeps_the_type() -> None:
    norm = RMSNorm(4, eps=1e-6)
    normed = norm(torch.full((4,), 3e4, dtype=torch.float16))  # its square overflows float16
    assert normed.dtype == torch.float16
    torch.testing.assert_close(normed.float(), torch.ones(4))


@pytest.mark.parametrize("groups", [1, 2, 4])
def test_no_position_sees_a_later_one(groups: int) -> None:
    config = dataclasses.replace(small_config().decoder, num_key_value_heads=groups)
    decoder = _decoder(config)
    x = torch.randn(1, 6, config.hidden_size)
    changed = x.clone()
    changed[:, 4:] += 1
    before, after = decoder(x), decoder(changed)
    torch.testing.assert_close(before[:, :4], after[:, :4])
    assert not torch.allclose(before[:, 4:], after[:, 4:])


def test_a_block_behind_a_cache_is_causal_too() -> None:
    config = small_config().decoder
    decoder = _decoder(config)
    x = torch.randn(1, 8, config.hidden_size)
    cache = KVCache(config, 8)
    decoder(x[:, :3], cache)
    torch.testing.assert_close(decoder(x[:, 3:], cache), decoder(x)[:, 3:], atol=1e-5, rtol=1e-5)
    assert cache.length == 8


def test_a_full_cache_is_a_named_error() -> None:
    config = small_config().decoder
    cache = KVCache(config, 2)
    with pytest.raises(InputError, match="3 positions for a cache of 2") as raised:
        _decoder(config)(torch.zeros(1, 3, config.hidden_size), cache)
    assert raised.value.code == "cache.full"
