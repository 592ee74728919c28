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


def test_the_papers_formula_by_hand() -> None:
    y_stream = torch.tensor([[MASK, 0, MASK, 0, MASK]])
    y_lm = torch.tensor([[MASK, MASK, 1, MASK, MASK]])
    # probabilities of (0, 1) before each target: a control token at 1/4 and at 1/2, a text token at 4/5
    logits = torch.tensor([[0.0, math.log(3)], [0.0, math.log(4)], [0.0, 0.0]])
    loss = dual_loss(logits, supervised(y_stream, y_lm), stream_weight=0.5)
    text, control = -math.log(4 / 5), -math.log(1 / 4) - math.log(1 / 2)
    assert float(loss.total) == pytest.approx((text + 0.5 * control) / 3)
    assert float(loss.lm) == pytest.approx(text) and float(loss.stream) == pytest.approx(control / 2)


@given(st.lists(st.sampled_from(["stream", "lm"]), min_size=1, max_size=10), st.floats(0.1, 20))
def test_lambda_scales_the_gradient_of_control_tokens_alone(kinds: list[str], weight: float) -> None:
    y_stream = torch.tensor([[MASK, *(3 if k == "stream" else MASK for k in kinds)]])
    y_lm = torch.tensor([[MASK, *(4 if k == "lm" else MASK for k in kinds)]])
    where = supervised(y_stream, y_lm)
    gradients = []
    for weighted in (1.0, weight):
        logits = torch.randn(len(kinds), 6, generator=torch.Generator().manual_seed(7)).requires_grad_()
        dual_loss(logits, where, weighted).total.backward()
        assert logits.grad is not None
        gradients.append(logits.grad)
    expected = gradients[0] * torch.where(where.is_stream, weight, 1.0)[:, None]
    assert torch.allclose(gradients[1], expected, rtol=1e-4, atol=1e-7)
