"""A walk is a session, and a passage gives its decisions again in one pass."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from soundflow.analysis.layers import margins, through
from soundflow.analysis.occlusion import p_of
from soundflow.analysis.walk import Walk, decision_passage, likeliest, passage, passages, walk
from soundflow.errors import InputError
from soundflow.model.bundle import Bundle
from soundflow.stream.events import Decision
from soundflow.stream.session import Session
from tests.analysis.conftest import NEVER
from tests.stream.conftest import noise


def decisions_of(bundle: Bundle, found: Walk, first: int, last: int) -> list[float]:
    part = passage(bundle, found, first, last)
    hidden = bundle.network.decoder.norm(through(bundle.network, part.rows[None])[-1])
    return [p_of(margin) for margin in margins(bundle.network, hidden[0, part.decisions]).tolist()]


@pytest.mark.parametrize("threshold", [0.0, 0.5, NEVER])
def test_a_walk_is_what_a_session_does(bundle: Bundle, threshold: float) -> None:
    samples = noise(7.5)
    session = Session(bundle, threshold=threshold)
    told = [e for e in [*session.feed(samples), *session.end()] if isinstance(e, Decision)]
    found = walk(bundle, samples, threshold=threshold)
    assert [step.p_response for step in found.steps] == [decision.p_response for decision in told]
    control = bundle.config.control
    spoke = [step.tokens[0] == control.response for step in found.steps]
    assert spoke == [decision.decision == "response" for decision in told]
    assert all(step.tokens[-1] == control.eos for step, did in zip(found.steps, spoke, strict=True) if did)


@pytest.mark.parametrize("threshold", [0.0, NEVER])
def test_one_pass_gives_every_decision_of_the_session(bundle: Bundle, threshold: float) -> None:
    found = walk(bundle, noise(6.0), threshold=threshold)
    again = decisions_of(bundle, found, 0, 5)
    assert again == pytest.approx([step.p_response for step in found.steps], abs=1e-5)


def test_the_window_of_a_decision_holds_what_the_session_still_held(bundle: Bundle) -> None:
    found = walk(bundle, noise(20.0), threshold=NEVER)
    assert max(step.context for step in found.steps) == bundle.config.max_chunks
    part = decision_passage(bundle, found, 19)
    assert len(part.sound) == found.steps[19].context < 20
    assert part.first == 20 - found.steps[19].context
    assert int(part.decisions[-1]) == len(part.rows) - 1


def test_long_streams_are_cut_into_windows_and_every_chunk_is_in_one(bundle: Bundle) -> None:
    found = walk(bundle, noise(27.0), threshold=NEVER)
    parts = list(passages(bundle, found))
    assert [(part.first, len(part.sound)) for part in parts] == [(0, 12), (12, 12), (24, 3)]


def test_sound_lies_where_it_is_said_to_lie(bundle: Bundle) -> None:
    found = walk(bundle, noise(3.0), threshold=0.0)
    part = passage(bundle, found, 1, 2)
    for at, step in enumerate(found.steps[1:3]):
        assert torch.equal(part.rows[part.sound[at]], step.features)
    assert len(part.rows) == len(found.prefix) + 2 * len(bundle.grammar.chunk_block()) + len(found.steps[1].tokens)


def test_the_likeliest_chunk_is_the_first_of_the_best(bundle: Bundle) -> None:
    found = walk(bundle, noise(4.0), threshold=NEVER)
    steps = tuple(
        dataclasses.replace(step, p_response=p) for step, p in zip(found.steps, (0.1, 0.7, 0.7, 0.2), strict=True)
    )
    assert likeliest(dataclasses.replace(found, steps=steps)) == 1


def test_no_sound_and_no_such_chunk_are_clear_errors(bundle: Bundle) -> None:
    with pytest.raises(InputError, match="no sound"):
        walk(bundle, np.zeros(0, np.float32))
    with pytest.raises(InputError, match="no chunk 9"):
        decision_passage(bundle, walk(bundle, noise(2.0)), 9)
