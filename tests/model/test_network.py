"""The whole network: chunk by chunk equals one pass, gradients stay where they belong."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from soundflow.model.bundle import Bundle
from soundflow.model.network import AudioInteractionModel, count_parameters, initialise, splice

from .conftest import small_config


def _network() -> AudioInteractionModel:
    network = AudioInteractionModel(small_config())
    initialise(network, torch.Generator().manual_seed(0))
    return network.eval().requires_grad_(False)


@given(st.lists(st.integers(1, 7), min_size=1, max_size=6))
@settings(max_examples=25, deadline=None)
def test_any_cut_with_a_cache_equals_one_pass(cuts: list[int]) -> None:
    network = _network()
    x = torch.randn(1, sum(cuts), 32, generator=torch.Generator().manual_seed(len(cuts)))
    cache = network.new_cache(sum(cuts))
    pieces = torch.cat([network(part, cache) for part in x.split(cuts, dim=1)], dim=1)
    torch.testing.assert_close(pieces, network(x), atol=1e-5, rtol=1e-5)


def test_a_chunk_is_encoded_alone(small_bundle: Bundle) -> None:
    mel = torch.randn(5, 80, 40, generator=torch.Generator().manual_seed(0))
    together = small_bundle.network.encode(mel)
    alone = torch.cat([small_bundle.network.encode(m[None]) for m in mel])
    assert together.shape == (5, 2, 32)
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-5)


def test_splice_fills_slots_in_order() -> None:
    embeds = torch.zeros(1, 4, 2)
    slots = torch.tensor([[False, True, False, True]])
    filled = splice(embeds, slots, torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
    assert filled.tolist() == [[[0, 0], [1, 2], [0, 0], [3, 4]]]


def test_a_tied_head_is_counted_once() -> None:
    network = _network()
    assert network.lm_head.weight is network.decoder.embed_tokens.weight
    assert count_parameters(network) == sum(p.numel() for p in {id(p): p for p in network.parameters()}.values())


def test_fresh_weights_depend_on_the_generator_alone() -> None:
    first, second = _network().state_dict(), _network().state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_one_generator_draws_the_same_weights_whatever_was_drawn_before() -> None:
    drawn = []
    for seed in (0, 1):
        torch.manual_seed(seed)
        network = AudioInteractionModel(small_config())
        initialise(network, torch.Generator().manual_seed(7))
        drawn.append(network.state_dict())
    assert not [name for name in drawn[0] if not torch.equal(drawn[0][name], drawn[1][name])]
