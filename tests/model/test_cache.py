"""The cache: filled in place, bounded, and evicted without disturbing positions."""

from __future__ import annotations

import pytest
import torch

from soundflow.errors import InputError
from soundflow.model.bundle import Bundle
from soundflow.model.cache import rotary_table, rotate

from .conftest import small_config


def test_a_full_cache_is_a_named_error(small_bundle: Bundle) -> None:
    cache = small_bundle.network.new_cache(4)
    with pytest.raises(InputError) as found:
        small_bundle.network(torch.zeros(1, 5, 32), cache)
    assert found.value.code == "cache.full"


def test_eviction_turns_keys_to_their_new_places() -> None:
    config = small_config().decoder
    from soundflow.model.cache import KVCache

    cache = KVCache(config, 16)
    raw = torch.randn(1, config.num_key_value_heads, 12, config.head_dim, generator=torch.Generator().manual_seed(0))
    cos, sin = rotary_table(torch.arange(12), config)
    cache.append(0, rotate(raw, cos, sin), raw)
    cache.length = 12
    cache.evict(3, 4)
    kept = torch.cat([raw[:, :, :3], raw[:, :, 7:]], dim=2)
    cos, sin = rotary_table(torch.arange(8), config)
    torch.testing.assert_close(cache.keys[0, :, :, :8], rotate(kept, cos, sin), atol=1e-5, rtol=0)
    torch.testing.assert_close(cache.values[0, :, :, :8], kept)
    assert cache.length == 8


def test_evicting_what_is_not_there_is_refused(small_bundle: Bundle) -> None:
    cache = small_bundle.network.new_cache(8)
    with pytest.raises(InputError):
        cache.evict(0, 1)


def test_float16_positions_round_as_the_release(shared_dir: object) -> None:
    import dataclasses
    from pathlib import Path

    import numpy as np

    golden = np.load(Path(str(shared_dir)) / "compat/golden/rope.npz")
    config = dataclasses.replace(small_config().decoder, head_dim=16, rope_theta=1e6, position_dtype="float16")
    cos, sin = rotary_table(torch.from_numpy(golden["positions"]), config)
    width = golden["cos"].shape[-1]
    np.testing.assert_allclose(cos[:, :width].numpy(), golden["cos"], atol=1e-6)
    np.testing.assert_allclose(sin[:, :width].numpy(), golden["sin"], atol=1e-6)
