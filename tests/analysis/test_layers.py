"""Single heads away, side by side or for whole sessions, and the network as it was afterwards."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from soundflow.analysis.layers import (
    Head,
    all_heads,
    layer_of,
    margins,
    margins_without_each,
    rest_of,
    through,
    without,
)
from soundflow.analysis.walk import passage, walk
from soundflow.errors import UsageError
from soundflow.model.bundle import Bundle
from soundflow.model.checkpoint.assemble import meta_network
from soundflow.model.config import audio_interaction_3b
from soundflow.model.network import AudioInteractionModel, initialise
from soundflow.model.quantize import int8_bundle, int8_supported
from tests.analysis.conftest import NEVER, small
from tests.stream.conftest import noise


def test_every_layer_is_passed_as_the_network_passes_it(bundle: Bundle) -> None:
    rows = torch.randn(2, 9, 32, generator=torch.Generator().manual_seed(0))
    network = bundle.network
    found = through(network, rows)
    assert len(found) == 3 and torch.equal(found[0], rows)
    assert torch.equal(network.decoder.norm(found[-1]), network(rows))
    assert torch.equal(rest_of(network, found[1], 1), network(rows))


def test_a_margin_is_the_difference_of_two_logits(bundle: Bundle) -> None:
    hidden = torch.randn(3, 32, generator=torch.Generator().manual_seed(0))
    control, logits = bundle.config.control, bundle.network.logits(hidden)
    wanted = logits[:, control.response] - logits[:, control.silent]
    torch.testing.assert_close(margins(bundle.network, hidden), wanted)


@pytest.mark.skipif(not int8_supported(), reason="torch has no int8 for this processor")
def test_a_margin_is_there_in_int8_too(bundle: Bundle) -> None:
    hidden = torch.randn(3, 32, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(margins(int8_bundle(bundle).network, hidden), margins(bundle.network, hidden))


def test_heads_side_by_side_are_heads_taken_from_sessions_one_by_one(bundle: Bundle) -> None:
    samples = noise(5.0)
    found = walk(bundle, samples, threshold=NEVER)
    part = passage(bundle, found, 0, 4)
    for layer in range(2):
        rows = through(bundle.network, part.rows[None])[layer][0]
        together = margins_without_each(bundle.network, rows, layer, part.decisions).sigmoid()
        for head in range(4):
            with without(bundle.network, [Head(layer, head)]):
                alone = walk(bundle, samples, threshold=NEVER)
            assert together[head].tolist() == pytest.approx([step.p_response for step in alone.steps], abs=1e-5)
            assert together[head].tolist() != pytest.approx([step.p_response for step in found.steps], abs=1e-4)


def test_a_head_is_zero_where_heads_are_joined(bundle: Bundle) -> None:
    seen: list[torch.Tensor] = []
    with without(bundle.network, [Head(1, 2), Head(1, 0)]):
        projection = layer_of(bundle.network, 1).self_attn.o_proj
        handle = projection.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
        bundle.network(torch.randn(1, 3, 32, generator=torch.Generator().manual_seed(0)))
        handle.remove()
    heads = seen[0].unflatten(-1, (4, 8))
    assert (heads[:, :, [0, 2]] == 0).all() and (heads[:, :, [1, 3]] != 0).any(-1).all()


def test_afterwards_the_network_is_the_same_bit_for_bit(bundle: Bundle) -> None:
    rows = torch.randn(1, 9, 32, generator=torch.Generator().manual_seed(0))
    before = bundle.network(rows)
    with pytest.raises(ZeroDivisionError), without(bundle.network, all_heads(bundle.network)):
        assert not torch.equal(bundle.network(rows), before)
        raise ZeroDivisionError
    margins_without_each(bundle.network, rows[0], 0, torch.tensor([2]))
    assert torch.equal(bundle.network(rows), before)
    assert not any(module._forward_pre_hooks for module in bundle.network.modules())


def test_heads_are_counted_as_the_paper_counts_them() -> None:
    shape = audio_interaction_3b()
    encoder = dataclasses.replace(
        shape.encoder, d_model=8, encoder_layers=1, encoder_attention_heads=1, encoder_ffn_dim=8
    )
    decoder = dataclasses.replace(shape.decoder, hidden_size=4, head_dim=2, intermediate_size=4)
    network = AudioInteractionModel(dataclasses.replace(shape, encoder=encoder, decoder=decoder))
    initialise(network, torch.Generator().manual_seed(0))
    network.eval().requires_grad_(False)
    heads = all_heads(network)
    assert len(heads) == 576 and str(heads[35 * 16 + 14]) == "L35H14"
    rows = torch.randn(30, 4, generator=torch.Generator().manual_seed(1))
    last = through(network, rows[None])[35][0]
    together = margins_without_each(network, last, 35, torch.tensor([3, 29]))
    with without(network, [Head(35, 14)]):
        alone = margins(network, network(rows[None])[0, [3, 29]])
    assert together.shape == (16, 2)
    torch.testing.assert_close(together[14], alone)


def test_a_head_that_is_not_there_is_named() -> None:
    with pytest.raises(UsageError, match="no head L2H0"), without(small().network, [Head(0, 0), Head(2, 0)]):
        pass


def test_the_published_shape_is_passed_at_full_width() -> None:
    """36 layers of 16 heads, 2048 wide, on tensors that take no memory: 40 chunks, each head of L35 away in turn."""
    network = meta_network(audio_interaction_3b())
    rows = torch.empty(40 * 13, 2048, device="meta")
    inputs = through(network, rows[None])
    together = margins_without_each(network, inputs[35][0], 35, torch.arange(12, 40 * 13, 13))
    assert len(inputs) == 37 and inputs[36].shape == (1, 40 * 13, 2048) and together.shape == (16, 40)
