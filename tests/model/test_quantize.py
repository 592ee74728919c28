"""The network as it runs: fused equals plain, int8 stays close to float32, the original is untouched."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import Tensor, nn

from soundflow.model.bundle import Bundle
from soundflow.model.network import AudioInteractionModel
from soundflow.model.quantize import fused, int8_bundle, int8_supported
from tests.model.conftest import small_config

needs_int8 = pytest.mark.skipif(not int8_supported(), reason="this build of torch has no int8 engine")


def draw(*shape: int) -> Tensor:
    """Normal numbers, the same at every call."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def in_three_passes(network: AudioInteractionModel, rows: Tensor) -> Tensor:
    """Hidden rows of an opening, a block behind it (with a mask) and a single position, on one cache."""
    cache = network.new_cache(rows.shape[1])
    return torch.cat([network(part, cache) for part in rows.split([4, 5, 1], dim=1)], dim=1)


def far_from_zero(network: AudioInteractionModel) -> AudioInteractionModel:
    """Every vector drawn anew: a bias or norm that fusing lost would show."""
    generator = torch.Generator().manual_seed(2)
    for weight in network.parameters():
        if weight.dim() == 1:
            nn.init.normal_(weight, mean=0.5, std=0.5, generator=generator)
    return network.requires_grad_(False)


@pytest.mark.parametrize("groups", [1, 2, 4])
def test_fused_computes_the_same(groups: int) -> None:
    config = small_config()
    config = dataclasses.replace(config, decoder=dataclasses.replace(config.decoder, num_key_value_heads=groups))
    plain = far_from_zero(AudioInteractionModel(config).eval())
    fast = fused(plain)
    mel, rows = draw(3, 80, 40), draw(1, 10, 32)
    torch.testing.assert_close(fast.encode(mel), plain.encode(mel), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(in_three_passes(fast, rows), in_three_passes(plain, rows), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(fast(rows), plain(rows), atol=1e-5, rtol=1e-5)


def test_fusing_leaves_the_original(small_bundle: Bundle) -> None:
    before = {name: weight.clone() for name, weight in small_bundle.network.state_dict().items()}
    fused(small_bundle.network)
    after = small_bundle.network.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)


@needs_int8
def test_int8_stays_near_float32(small_bundle: Bundle) -> None:
    mel, rows = draw(3, 80, 40), draw(1, 10, 32)
    small, plain = int8_bundle(small_bundle).network, small_bundle.network
    for after, before in (
        (small.encode(mel), plain.encode(mel)),
        (in_three_passes(small, rows), in_three_passes(plain, rows)),
    ):
        assert float((after - before).norm() / before.norm()) < 0.05
    assert isinstance(small_bundle.network.adapter.proj, nn.Linear)


@needs_int8
def test_each_row_of_a_matrix_has_its_own_scale(small_bundle: Bundle) -> None:
    mlp = small_bundle.network.decoder.layers[0].get_submodule("mlp")
    # fused with `up_proj`, whose weights one common scale would round to nothing
    mlp.get_parameter("gate_proj.weight").mul_(1000.0)
    before = mlp(rows := draw(1, 5, 32))
    after = int8_bundle(small_bundle).network.decoder.layers[0].get_submodule("mlp")(rows)
    assert float((after - before).norm() / before.norm()) < 0.05
