"""A row's product is the same bits whatever stands beside it, and near the float one."""

from __future__ import annotations

import copy

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from soundflow.model.bundle import Bundle
from soundflow.model.quantize import int8_bundle, int8_supported
from soundflow.model.row_int8 import OneByOne, RowLinear

pytestmark = pytest.mark.skipif(not int8_supported(), reason="this build of torch has no int8 engine")


def layers(seed: int, width: int, out: int, bias: bool) -> tuple[nn.Linear, RowLinear]:
    """The same weights in float32 and in int8."""
    torch.manual_seed(seed)
    plain = nn.Linear(width, out, bias).requires_grad_(False)
    recipe = {nn.Linear: torch.ao.quantization.per_channel_dynamic_qconfig}
    with pytest.warns(DeprecationWarning):
        quantised = torch.ao.quantization.quantize_dynamic(nn.Sequential(plain), recipe, dtype=torch.qint8)
    return plain, RowLinear(quantised[0])


@pytest.mark.filterwarnings("ignore::UserWarning")
@given(
    st.integers(0, 99),
    st.sampled_from([8, 20, 64]),
    st.integers(1, 40),
    st.booleans(),
    st.lists(st.integers(1, 9), max_size=6),
)
def test_a_row_is_the_same_bits_alone_and_in_any_company(
    seed: int, width: int, out: int, bias: bool, cuts: list[int]
) -> None:
    _, rows = layers(seed, width, out, bias)
    x = torch.randn(1 + sum(cuts), width) * torch.logspace(-3, 3, 1 + sum(cuts))[:, None]
    together = rows(x)
    assert torch.equal(together, torch.cat([rows(part) for part in x.split([1, *cuts])]))
    assert torch.equal(together[None], rows(x[None]))


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("bias", [False, True])
def test_it_stays_near_the_float_product(bias: bool) -> None:
    plain, rows = layers(0, 256, 64, bias)
    x = torch.randn(16, 256)
    error = (rows(x) - plain(x)).square().mean().sqrt() / plain(x).square().mean().sqrt()
    assert float(error) < 0.02


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_row_of_zeros_gives_the_bias() -> None:
    plain, rows = layers(0, 8, 4, True)
    assert torch.equal(rows(torch.zeros(2, 8)), plain.bias.expand(2, -1))


def test_chunks_are_encoded_alike_alone_and_together(small_bundle: Bundle) -> None:
    network = int8_bundle(small_bundle).network
    assert isinstance(network.encoder.conv1, OneByOne)
    mel = torch.randn(7, 80, 40, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        assert torch.equal(network.encode(mel), torch.cat([network.encode(m) for m in mel.split([1, 4, 2])]))


def test_it_can_be_copied(small_bundle: Bundle) -> None:
    network = int8_bundle(small_bundle).network
    rows = torch.randn(1, 3, small_bundle.config.decoder.hidden_size)
    with torch.inference_mode():
        assert torch.equal(copy.deepcopy(network)(rows), network(rows))
