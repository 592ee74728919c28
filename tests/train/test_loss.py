"""The dual loss: numbers by hand, and where its gradient goes."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from soundflow.data.annotate import MASK
from soundflow.train.loss import dual_loss, supervised


def test_two_kinds_one_denominator_by_hand() -> None:
    y_stream = torch.tensor([[MASK, 1, MASK, MASK]])
    y_lm = torch.tensor([[MASK, MASK, 2, 3]])
    where = supervised(y_stream, y_lm)
    assert where.rows.tolist() == [0, 1, 2] and where.targets.tolist() == [1, 2, 3]
    logits = torch.zeros(3, 4)  # every target costs log 4
    loss = dual_loss(logits, where, stream_weight=2.0)
    assert float(loss.total) == pytest.approx((2 + 1 + 1) * math.log(4) / 3)
    assert float(loss.lm) == pytest.approx(math.log(4)) and float(loss.stream) == pytest.approx(math.log(4))
    assert float(dual_loss(logits, where, denominator=6).total) == pytest.approx(3 * math.log(4) / 6)


def test_a_position_with_both_labels_is_our_own_mistake() -> None:
    with pytest.raises(ValueError, match="both losses"):
        supervised(torch.tensor([[0, 1]]), torch.tensor([[MASK, 1]]))


@given(st.lists(st.sampled_from(["masked", "stream", "lm"]), min_size=2, max_size=12), st.floats(0.5, 2))
def test_masked_positions_get_no_gradient(kinds: list[str], weight: float) -> None:
    n = len(kinds)
    y_stream = torch.tensor([[3 if k == "stream" else MASK for k in kinds]])
    y_lm = torch.tensor([[4 if k == "lm" else MASK for k in kinds]])
    where = supervised(y_stream, y_lm)
    if where.rows.numel() == 0:
        return
    logits = torch.randn(n, 6, generator=torch.Generator().manual_seed(n)).requires_grad_()
    dual_loss(logits[where.rows], where, weight).total.backward()
    assert logits.grad is not None
    touched = logits.grad.abs().sum(-1) > 0
    assert touched.tolist() == [kinds[j + 1] != "masked" if j + 1 < n else False for j in range(n)]
