"""Operations counted from shapes are those that PyTorch counts while computing."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from soundflow.data.annotate import MASK
from soundflow.train.flops import pass_flops
from soundflow.train.learner import Learner, log_mels
from soundflow.train.packing import packed
from tests.train.corpora import STAGE, documents, small_start


def test_the_count_is_pytorchs(corpus: Path) -> None:
    stage = dataclasses.replace(STAGE, trains=("adapter", "lm", "encoder"))
    learner, source = Learner(small_start().network, stage), documents(corpus, stage)
    streams = [source[i] for i in range(3)]
    row = packed(streams, log_mels(learner.network, streams))
    supervised = int(((row.y_stream != MASK) | (row.y_lm != MASK)).sum())
    with FlopCounterMode(display=False) as counter:
        learner(row, torch.tensor(1)).total.backward()
    ours = pass_flops(learner.network.config, stage, row.lengths, supervised, len(row.sound))
    # PyTorch does not see attention on a CPU; ours takes the first convolution to pass a gradient on, as the others do
    config, encoder = learner.network.config.decoder, learner.network.config.encoder
    unseen = 6.0 * sum(n * n for n in row.lengths) * config.hidden_size * config.num_hidden_layers
    unseen += 3 * 4 * len(row.sound) * 20**2 * encoder.d_model * encoder.encoder_layers
    first = 2 * 3 * len(row.sound) * 40 * encoder.num_mel_bins * encoder.d_model
    assert ours == pytest.approx(counter.get_total_flops() + unseen + first, rel=0.01)


def test_what_stands_still_costs_less() -> None:
    config = small_start().config
    still = dataclasses.replace(STAGE, trains=("adapter",))
    learns = dataclasses.replace(STAGE, trains=("adapter", "lm"))
    shape = ([100, 80], 20)
    assert pass_flops(config, still, *shape, 0) < pass_flops(config, learns, *shape, 0)
    assert pass_flops(config, learns, *shape, 0) < pass_flops(config, learns, *shape, 12)
