"""Low-rank adaptation: nothing changes at first, only thin matrices learn, and folding them in changes nothing."""

from __future__ import annotations

import torch

from soundflow.model.network import AudioInteractionModel
from soundflow.train.lora import LowRank, add_low_rank, folded
from tests.train.corpora import small_start

IDS = torch.arange(20)[None]


def test_nothing_changes_before_training() -> None:
    network = small_start().network
    before = network(network.embed(IDS))
    add_low_rank(network.decoder, 4, seed=0)
    assert torch.equal(network(network.embed(IDS)), before)
    learning = [name for name, p in network.named_parameters() if p.requires_grad]
    assert learning and all(name.endswith((".up", ".down")) for name in learning)


def test_folded_in_it_computes_the_same() -> None:
    bundle = small_start()
    add_low_rank(bundle.network.decoder, 4, seed=0)
    for module in bundle.network.modules():
        if isinstance(module, LowRank):
            torch.nn.init.normal_(module.up, std=0.1, generator=torch.Generator().manual_seed(2))
    plain = AudioInteractionModel(bundle.config)
    missing, unexpected = plain.load_state_dict(folded(bundle.network.state_dict()), strict=False)
    assert not missing and not unexpected
    wide, folded_in = bundle.network(bundle.network.embed(IDS)), plain(plain.embed(IDS))
    assert not torch.allclose(wide, small_start().network(plain.embed(IDS)), atol=1e-3), (
        "the thin matrices do something"
    )
    assert torch.allclose(wide, folded_in, atol=1e-5)
