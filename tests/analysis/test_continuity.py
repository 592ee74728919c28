"""Pairs by hand, and the stages of a model."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from soundflow.analysis.continuity import continuity, pair_sums, stream_sums
from soundflow.analysis.shares import share
from soundflow.analysis.walk import walk
from soundflow.model.bundle import Bundle
from tests.analysis.conftest import noises
from tests.stream.conftest import noise

# Two chunks of two rows: within are 1 and 0, the border is 0.6.
#   chunk 0: (1, 0) (2, 0)      chunk 1: (3, 4) (-4, 3)
PAIR = torch.tensor([[[1.0, 0.0], [2.0, 0.0]], [[3.0, 4.0], [-4.0, 3.0]]])


def test_cosines_by_hand() -> None:
    border, borders, within, withins, apart, aparts = pair_sums(PAIR)
    assert (border, borders) == (pytest.approx(0.6), 1)
    assert (within, withins) == (pytest.approx(1.0), 2)
    assert (apart, aparts) == (pytest.approx(-0.8), 1)  # the last row of chunk 1 with the first of chunk 0


def test_pairs_apart_are_all_that_are_neither_border_nor_their_own_chunk() -> None:
    rows = torch.randn(5, 3, 7, generator=torch.Generator().manual_seed(0))
    units = torch.nn.functional.normalize(rows, dim=-1)
    wanted = [float(units[t, -1] @ units[u, 0]) for t in range(5) for u in range(5) if u not in (t, t + 1)]
    assert pair_sums(rows)[4:].tolist() == pytest.approx([sum(wanted), len(wanted)], abs=1e-5)


def test_rows_that_are_all_the_same_are_continuous_everywhere() -> None:
    border, borders, within, withins, apart, aparts = pair_sums(torch.ones(4, 3, 6))
    assert border / borders == pytest.approx(1) and within / withins == pytest.approx(1)
    assert apart / aparts == pytest.approx(1)


def test_every_stage_of_the_model_is_there_with_its_bounds(bundle: Bundle) -> None:
    done: list[int] = []
    stages = continuity(bundle, noises(3), lambda: done.append(1))
    assert [stage.stage for stage in stages] == ["encoder", "adapter", "layer 0", "layer 1"]
    assert len(done) == 3
    for stage in stages:
        assert stage.ratio.value is not None and stage.ratio.low is not None and stage.ratio.high is not None
        assert stage.ratio.low <= stage.ratio.value <= stage.ratio.high
        assert -1 <= (stage.border.value or 0) <= 1
    assert stages == continuity(bundle, noises(3)), "the same streams give the same figures"


def test_a_stream_longer_than_the_window_counts_no_pair_across_windows(bundle: Bundle) -> None:
    sums = stream_sums(bundle, walk(bundle, noise(25.0), threshold=1.0))
    assert sums["encoder"][1] == 11 + 11 + 0 and sums["layer 1"][3] == 25  # two positions a chunk: one pair each


def test_a_chunk_of_one_row_has_no_ratio(bundle: Bundle) -> None:
    within, withins = pair_sums(torch.ones(4, 1, 6))[2:4]
    assert within == withins == 0 and np.isnan(share(within, np.asarray(withins)))
