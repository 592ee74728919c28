"""How a learner does on streams it does not learn from: both losses, and whether it would speak at the right sounds.

Teacher-forced: a quick guide during training, not the bench. Tests: tests/train/test_evaluation.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from soundflow.data.timeline import chunk_of
from soundflow.train.document import Document
from soundflow.train.learner import LOSSES, Costs, mean_losses
from soundflow.train.parallel import World

THRESHOLDS = tuple(i / 20 for i in range(1, 20))
RESPOND_GRACE_SECONDS, IGNORE_GRACE_SECONDS = 1.6, 0.8  # ruling 11


@dataclass(frozen=True)
class Found:
    """Losses a position, and trigger accuracy at the threshold that separates best."""

    lm: float
    stream: float
    hearing: float  # 0 where no stage learns it
    asked: float  # likewise
    balanced_accuracy: float
    recall: float
    specificity: float
    threshold: float
    events: int


def triggers(document: Document, p_response: Tensor) -> Tensor:
    """Rights and totals of one stream, float64 [thresholds, 4]: answered, to be answered, let pass, to be let pass.

    Args:
        p_response: [chunks] of this stream.
    """
    counts = torch.zeros(len(THRESHOLDS), 4, dtype=torch.float64)
    line, limits = document.timeline, torch.tensor(THRESHOLDS)
    for event in line.events:
        responds = event.decision == "respond" and event.reply is not None
        if event.role != "foreground" or not (responds or event.decision == "ignore"):
            continue
        last = event.cue + RESPOND_GRACE_SECONDS if responds else event.end + IGNORE_GRACE_SECONDS
        first = chunk_of(event.onset, line.chunk_seconds)
        window = p_response[first : chunk_of(last, line.chunk_seconds) + 1]
        if chunk_of(event.cue, line.chunk_seconds) >= document.chunks or not len(window):
            continue
        speaks = (window.max().cpu() >= limits).double()
        column = 0 if responds else 2
        counts[:, column] += speaks if responds else 1 - speaks
        counts[:, column + 1] += 1
    return counts


def summed_up(found: Sequence[tuple[Sequence[Document], Costs]], world: World) -> Found:
    """The evaluation over all passes of all processes. All processes must call it."""
    sums = torch.zeros(2 * len(LOSSES), dtype=torch.float64)
    counts = torch.zeros(len(THRESHOLDS), 4, dtype=torch.float64)
    for documents, costs in found:
        sums += torch.stack([part.double().cpu() for part in costs.sums])
        for document, p in zip(documents, costs.p_response.split([d.chunks for d in documents]), strict=True):
            counts += triggers(document, p)
    everything = world.summed(torch.cat([sums, counts.flatten()]).to(world.device)).cpu()
    rates = everything[len(sums) :].view(-1, 4)
    recall = rates[:, 0] / rates[:, 1].clamp(min=1)
    specificity = rates[:, 2] / rates[:, 3].clamp(min=1)
    best = int((recall + specificity).argmax())
    return Found(
        **mean_losses(everything[: len(sums)].tolist()),
        balanced_accuracy=float(recall[best] + specificity[best]) / 2,
        recall=float(recall[best]),
        specificity=float(specificity[best]),
        threshold=THRESHOLDS[best],
        events=int(rates[0, 1] + rates[0, 3]),
    )
