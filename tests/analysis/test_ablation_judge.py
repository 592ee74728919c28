"""Judged in one pass as a session that says nothing would decide; text losses over all tokens alike."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from soundflow.analysis.ablation_judge import HeldOut, encoded_streams, judged, listened, text_loss, trigger_scores
from soundflow.analysis.separation import event_scores
from soundflow.analysis.sounds import Sound
from soundflow.data.compose import Composition
from soundflow.model.bundle import Bundle
from soundflow.train.batch import Example, example
from tests.train.corpora import stream


def sounds() -> list[Sound]:
    made = (stream(index, 6 + index) for index in range(3))
    return [Sound(str(i), samples, timeline) for i, (samples, timeline) in enumerate(made)]


def answered(bundle: Bundle) -> list[Example]:
    made = (stream(index, 6 + index) for index in range(3))
    rng = np.random.default_rng(0)
    return [example(Composition(*one), bundle.grammar, {}, bundle.config.chunk_samples, rng, 1.0) for one in made]


def head(bundle: Bundle) -> nn.Linear:
    return nn.Linear(bundle.config.decoder.hidden_size, 3)


def test_one_pass_decides_as_a_session_that_stays_silent(bundle: Bundle) -> None:
    found = trigger_scores(bundle.network, head(bundle), encoded_streams(bundle, listened(bundle, sounds())))
    stepped = event_scores(bundle, sounds())
    assert [score.responds for score in found] == [score.responds for score in stepped]
    assert [score.p for score in found] == pytest.approx([score.p for score in stepped], abs=1e-5)


def test_a_text_loss_is_a_mean_over_tokens_however_streams_are_batched(bundle: Bundle) -> None:
    together = encoded_streams(bundle, answered(bundle))
    apart = tuple(one for each in answered(bundle) for one in encoded_streams(bundle, [each]))
    assert len(together) == 1 and len(apart) == 3
    found = text_loss(bundle.network, head(bundle), together)
    assert found > 1 and found == pytest.approx(text_loss(bundle.network, head(bundle), apart), abs=1e-4)


def test_judging_changes_no_weight(bundle: Bundle) -> None:
    before = {name: p.clone() for name, p in bundle.network.named_parameters()}
    streams = encoded_streams(bundle, listened(bundle, sounds()))
    found = judged(bundle.network, head(bundle), HeldOut(streams, streams, (), ()))
    assert 0 <= found["balanced"] <= 1 and found["text"] == found["review"] == 0  # nothing was there to read
    assert all(torch.equal(before[name], p) for name, p in bundle.network.named_parameters())
