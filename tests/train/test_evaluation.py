"""Trigger accuracy during training, by hand."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from soundflow.data.timeline import Timeline
from soundflow.train.document import Document, Sounding, document
from soundflow.train.evaluation import THRESHOLDS, summed_up, triggers
from soundflow.train.learner import Costs
from soundflow.train.parallel import World
from tests.train.corpora import CHUNK, STAGE, event, small_start


def heard(*events: tuple[int, bool], chunks: int = 12) -> Document:
    line = Timeline(chunks * 0.4, 0.4, None, "safety_alert", tuple(event(at, responds) for at, responds in events))
    sounding = Sounding("s", np.zeros(chunks * CHUNK, np.float32), line)
    return document(sounding, small_start().grammar, 0.4, STAGE, np.random.default_rng(0))


def at(threshold: float) -> int:
    return THRESHOLDS.index(threshold)


def test_a_reply_counts_from_the_onset_to_its_grace() -> None:
    one = heard((2, True))  # from 0.8 s (where chunk 1 ends) to its cue at 1.2 s; right until 2.8 s, the end of chunk 6
    for chunk, is_right in ((0, 0), (1, 1), (6, 1), (7, 0)):
        p = torch.zeros(12)
        p[chunk] = 0.6
        found = triggers(one, p)
        assert found[at(0.6)].tolist() == [is_right, 1, 0, 0], chunk
        assert found[at(0.65)].tolist() == [0, 1, 0, 0]


def test_silence_counts_until_shortly_after_the_end() -> None:
    one = heard((2, False))  # from 0.8 to 1.2 s; a reply until 2.0 s, the end of chunk 4, is wrong
    for chunk, is_right in ((0, 1), (1, 0), (4, 0), (5, 1)):
        p = torch.zeros(12)
        p[chunk] = 0.6
        assert triggers(one, p)[at(0.5)].tolist() == [0, 0, is_right, 1], chunk


def test_losses_and_rates_over_passes() -> None:
    one = heard((1, True), (8, False))
    p = torch.full((12,), 0.1)
    p[1] = 0.9
    none = torch.zeros(())
    costs = Costs(
        none,
        torch.tensor(6.0),
        torch.tensor(3),
        torch.tensor(8.0),
        torch.tensor(4),
        torch.tensor(5.0),
        torch.tensor(2),
        torch.tensor(8.0),
        torch.tensor(5),
        p,
    )
    found = summed_up([([one], costs), ([one], louder(costs, 0.2))], World())
    assert [found.lm, found.stream, found.hearing, found.asked] == pytest.approx([2.0, 2.0, 2.5, 1.6])
    assert found.balanced_accuracy == found.recall == found.specificity == 1.0
    assert 0.2 < found.threshold <= 0.9 and found.events == 4


def louder(costs: Costs, floor: float) -> Costs:
    """The same costs, with every p(response) at least `floor`."""
    return costs._replace(p_response=costs.p_response.clamp(min=floor))


def test_an_event_beyond_the_heard_part_is_not_counted() -> None:
    one = heard((2, True), (9, True))
    cut = dataclasses.replace(one, tokens=dataclasses.replace(one.tokens, decision_at=one.tokens.decision_at[:6]))
    assert triggers(cut, torch.zeros(6))[0].tolist() == [0, 1, 0, 0]
