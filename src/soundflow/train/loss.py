"""The dual loss (paper §3.3): text and control tokens, one denominator (ruling 5). Tests: tests/train/test_loss.py."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from soundflow.data.annotate import MASK


@dataclass(frozen=True)
class DualLoss:
    """`total` = (sum of text losses + weight · sum of control losses) / supervised positions of both kinds."""

    total: Tensor
    lm: Tensor  # mean over text positions
    stream: Tensor  # mean over control positions
    positions: int


@dataclass(frozen=True)
class Supervised:
    """The positions that predict something: flat indices into [batch · positions], their targets, and their kind."""

    rows: Tensor  # int64 [n], the position before each target
    targets: Tensor  # int64 [n]
    is_stream: Tensor  # bool [n]


def supervised(y_stream: Tensor, y_lm: Tensor) -> Supervised:
    """Find the predicting positions of two label rows.

    Args:
        y_stream, y_lm: int64 [batch, positions]; a label belongs to its own token, so row j - 1 predicts it.

    Raises:
        ValueError: a position carries both labels.
    """
    if bool(((y_stream != MASK) & (y_lm != MASK)).any()):
        raise ValueError("a position is supervised by both losses; each has one kind (ruling 5)")
    labels = torch.where(y_stream != MASK, y_stream, y_lm)
    batch, at = torch.nonzero(labels[:, 1:] != MASK, as_tuple=True)
    return Supervised(
        rows=batch * labels.shape[1] + at, targets=labels[batch, at + 1], is_stream=y_stream[batch, at + 1] != MASK
    )


def dual_loss(
    row_logits: Tensor, where: Supervised, stream_weight: float = 1.0, denominator: Tensor | int | None = None
) -> DualLoss:
    """The paper's loss over the rows of `supervised`.

    Args:
        row_logits: [n, vocabulary] at `where.rows`.
        stream_weight: the paper's λ (1.0).
        denominator: supervised positions of both kinds over all ranks; by default those given.

    Source: paper §3.3, equation of the training loss; ruling 5.
    """
    each = F.cross_entropy(row_logits.float(), where.targets, reduction="none")
    weights = torch.where(where.is_stream, stream_weight, 1.0)
    count = where.targets.numel() if denominator is None else denominator
    zero = each.new_zeros(())
    return DualLoss(
        total=(each * weights).sum() / count,
        lm=each[~where.is_stream].mean() if bool((~where.is_stream).any()) else zero,
        stream=each[where.is_stream].mean() if bool(where.is_stream.any()) else zero,
        positions=where.targets.numel(),
    )
