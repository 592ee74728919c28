"""Packed is unpacked: the same losses and gradients, and no stream hears another."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from torch import Tensor

from soundflow.data.annotate import MASK
from soundflow.model.network import splice
from soundflow.train.document import Document
from soundflow.train.learner import Costs, Learner, log_mels, pooled_features
from soundflow.train.packing import SideBySide, packed
from tests.train.corpora import STAGE, documents, small_start

WHOLE = dataclasses.replace(STAGE, trains=("adapter", "lm", "encoder"))


def costs(learner: Learner, streams: Sequence[Document], denominator: int) -> Costs:
    row = packed(streams, log_mels(learner.network, streams))
    found: Costs = learner(row, torch.tensor(denominator))
    return found


def count(streams: Sequence[Document]) -> int:
    return sum(int(((d.tokens.y_stream != MASK) | (d.tokens.y_lm != MASK)).sum()) for d in streams)


def test_packed_is_unpacked(corpus: Path) -> None:
    source = documents(corpus, WHOLE)
    streams = [source[i] for i in range(5)]
    assert len({len(d.tokens.input_ids) for d in streams}) > 1, "streams of several lengths"
    together, apart = Learner(small_start().network, WHOLE), Learner(small_start().network, WHOLE)
    n = count(streams)
    whole = costs(together, streams, n)
    whole.total.backward()
    each = [costs(apart, [one], n) for one in streams]
    sum(cost.total for cost in each).backward()  # type: ignore[union-attr]
    assert float(whole.total.detach()) == pytest.approx(float(sum(cost.total.detach() for cost in each)), abs=1e-5)
    assert torch.allclose(whole.p_response, torch.cat([cost.p_response for cost in each]), atol=1e-5)
    for (name, a), b in zip(together.named_parameters(), apart.parameters(), strict=True):
        assert a.grad is not None and b.grad is not None
        assert torch.allclose(a.grad, b.grad, atol=1e-5), name


def test_no_stream_hears_another(corpus: Path) -> None:
    source, network = documents(corpus), small_start().network
    first, second, other = (source[i] for i in range(3))

    def hidden(streams: Sequence[Document]) -> Tensor:
        row = packed(streams, pooled_features(network, log_mels(network, streams), False))
        features = network.adapter.proj(network.adapter.ln_post(row.sound)).flatten(0, 1)
        embeds = splice(network.embed(row.input_ids), row.is_audio, features)
        mixed: Tensor = network(embeds, SideBySide(row.lengths, network.config.decoder, torch.device("cpu")))[0]
        return mixed

    size = len(second.tokens.input_ids)
    assert torch.equal(hidden([first, second])[-size:], hidden([other, second])[-size:])


def test_a_row_holds_no_padding(corpus: Path) -> None:
    source = documents(corpus)
    streams = [source[i] for i in range(6)]
    row = packed(streams, log_mels(small_start().network, streams))
    assert row.positions == sum(len(d.tokens.input_ids) for d in streams) == sum(row.lengths)
    assert len(row.sound) == len(row.decision_at) == sum(d.chunks for d in streams)
    control = small_start().config.control
    assert set(row.input_ids[0, row.decision_at].tolist()) <= {control.silent, control.response}
