"""Operations at the published shape are those PyTorch counts on the meta device; a typical row is learned from."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from soundflow.model.checkpoint.assemble import meta_network
from soundflow.model.config import audio_interaction_3b
from soundflow.train.flops import chunk_flops
from soundflow.train.forecast import supervised_count
from soundflow.train.learner import Learner
from soundflow.train.packing import SideBySide
from soundflow.train.stages import PAPER
from soundflow.train.typical import PREFIX, REPLY, step_cost, typical_row
from tests.train.corpora import STAGE, small_start


def test_at_the_published_shape_the_count_is_pytorchs() -> None:
    config, stage = audio_interaction_3b(), PAPER[3]
    row, cost = typical_row(config, 1, stage.most_chunks), step_cost(config, stage)
    network = meta_network(config).to("meta").requires_grad_(True)
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        embeds = torch.empty(1, row.positions, config.decoder.hidden_size, requires_grad=True)
        hidden = network(embeds, SideBySide(row.lengths, config.decoder, torch.device("meta")))
        network.logits(hidden[0, : supervised_count(row)]).sum().backward()
    # PyTorch counts the whole square of attention, ours the half that a causal decoder may look at
    decoder, n = config.decoder, row.positions
    half = 3 * 2.0 * n * n * decoder.num_attention_heads * decoder.head_dim * decoder.num_hidden_layers
    assert cost.pass_flops + half == pytest.approx(counter.get_total_flops(), rel=1e-3)
    assert cost.positions == row.positions == PREFIX + 60 * 13 + REPLY
    assert cost.step_flops == 1024 * (cost.pass_flops + cost.encoder_flops)


def test_the_encoders_count_is_pytorchs_too() -> None:
    config = audio_interaction_3b()
    with torch.device("meta"), FlopCounterMode(display=False) as counter, torch.no_grad():
        meta_network(config).to("meta").encoder(torch.empty(1, config.encoder.num_mel_bins, 40))
    assert chunk_flops(config) == pytest.approx(counter.get_total_flops(), rel=0.02)


def test_memory_is_what_learns_and_what_stands_still() -> None:
    adapter, everything = (step_cost(audio_interaction_3b(), PAPER[number]) for number in (2, 3))
    assert adapter.parameters == everything.parameters and 3.3e9 < everything.parameters < 4.2e9
    assert adapter.learning < 1e7 < everything.learning < everything.parameters
    assert everything.optimizer_bytes == 12 * everything.learning


def test_a_typical_row_is_learned_from() -> None:
    bundle = small_start()
    row = typical_row(bundle.config, 2, 3)
    learner = Learner(bundle.network, dataclasses.replace(STAGE, trains=("adapter", "lm")))
    costs = learner(row, torch.tensor(supervised_count(row)))
    costs.total.backward()
    assert float(costs.lm_count) == 2 * REPLY and float(costs.stream_count) == 2 * 3
    assert costs.p_response.shape == (6,) and row.seconds == pytest.approx(2.4)
