"""A network in which one head alone has a say: it is found, and a stopped run finds the same."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from soundflow.analysis.heads import decision_counts, head_effects, margin_of, measure_heads, open_ledger, ranked
from soundflow.analysis.layers import Head, layer_of
from soundflow.model.bundle import Bundle
from tests.analysis.conftest import noises, small


def with_one_head(head: Head) -> Bundle:
    """The small model with every other head cut off behind its attention."""
    bundle = small()
    for index in range(2):
        columns = layer_of(bundle.network, index).self_attn.o_proj.weight.view(32, 4, 8)
        gone = [h for h in range(4) if Head(index, h) != head]
        columns[:, gone] = 0
    return bundle


def test_counts_by_hand() -> None:
    undisturbed = np.array([2.0, -1.0, 0.5, -3.0])
    silenced = np.array([[2.0, -1.0, 0.5, -3.0], [-0.5, 1.0, 0.5, -3.0]])
    counts = decision_counts(undisturbed, silenced, threshold=0.0)
    assert counts.tolist() == [[0, 2, 0, 2, 0.0, 4], [1, 2, 1, 2, 4.5, 4]]


def test_a_probability_as_log_odds() -> None:
    assert margin_of(0.5) == 0 and margin_of(0.0) == -math.inf and margin_of(1.0) == math.inf
    assert 1 / (1 + math.exp(-margin_of(0.9))) == pytest.approx(0.9)


@pytest.mark.parametrize("head", [Head(0, 3), Head(1, 1)])
def test_the_one_head_that_has_a_say_is_found(head: Head, tmp_path: Path) -> None:
    bundle, streams = with_one_head(head), noises(2)
    ledger = open_ledger(bundle, streams, tmp_path)
    measure_heads(bundle, streams, ledger)
    first, *others = ranked(head_effects(bundle, streams, ledger))
    assert first.head == head and (first.shift.value or 0) > 1e-3
    assert len(others) == 7 and all(other.shift.value == 0 and not other.drop.value for other in others)


def test_a_stopped_run_goes_on_and_finds_the_same(bundle: Bundle, tmp_path: Path) -> None:
    streams = noises(3)
    whole = open_ledger(bundle, streams, tmp_path / "whole")
    measure_heads(bundle, streams, whole)
    done = 0

    def stop() -> None:
        nonlocal done
        done += 1
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure_heads(bundle, streams, open_ledger(bundle, streams, tmp_path / "parts"), stop)
    again = open_ledger(bundle, streams, tmp_path / "parts")
    assert len(again) == 4
    measure_heads(bundle, streams, again)
    assert again.path.read_bytes() == whole.path.read_bytes()
    assert head_effects(bundle, streams, again) == head_effects(bundle, streams, whole)


def test_other_weights_and_other_streams_have_another_file(bundle: Bundle, tmp_path: Path) -> None:
    here = open_ledger(bundle, noises(2), tmp_path).path
    assert open_ledger(bundle, noises(5), tmp_path).path == here, "more of the same streams go on in the same file"
    assert open_ledger(small(seed=2), noises(2), tmp_path).path != here
    with torch.no_grad():
        layer_of(bundle.network, 0).self_attn.o_proj.weight += 0.01
    assert open_ledger(bundle, noises(2), tmp_path).path != here


@pytest.mark.parametrize("part", ["encoder.conv1.bias", "adapter.proj.weight", "decoder.layers.1.mlp.down_proj.weight"])
def test_weights_that_differ_anywhere_have_another_file(part: str, bundle: Bundle, tmp_path: Path) -> None:
    here = open_ledger(bundle, noises(2), tmp_path).path
    with torch.no_grad():
        bundle.network.get_parameter(part).view(-1)[0] += 0.01
    assert open_ledger(bundle, noises(2), tmp_path).path != here
