"""What an ablation's row is judged by: held-out streams, encoded once for all rows that cut them alike.

Three figures: does it speak at the right sounds (`balanced`, `area`), how well does it know the words of an answer
(`text`), and those of an answer about what was heard before (`review`). Tests: tests/analysis/test_ablation_judge.py.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from soundflow.analysis.separation import EventScore, area_under_curve, balanced_at, best_threshold, scored
from soundflow.analysis.sounds import Sound
from soundflow.data.annotate import MASK, annotate
from soundflow.model.bundle import Bundle
from soundflow.model.network import AudioInteractionModel
from soundflow.train.batch import Batch, Example, collate
from soundflow.train.objective import Objective, ObjectiveConfig, encoded, objective

BATCH = 8  # streams at a time
PLAIN = ObjectiveConfig(feature_dropout=0.0, hidden_dropout=0.0, mel_mask_bands=0)


@dataclass(frozen=True)
class Encoded:
    """Some streams and what the encoder heard of them: float32 [real chunks, positions, pooled width]."""

    batch: Batch
    pooled: Tensor


@dataclass(frozen=True)
class HeldOut:
    """Streams for the threshold, for the triggers, for the text and for the reviews."""

    choosing: tuple[Encoded, ...]
    judging: tuple[Encoded, ...]
    text: tuple[Encoded, ...]
    review: tuple[Encoded, ...]


def listened(bundle: Bundle, sounds: Iterable[Sound]) -> list[Example]:
    """Streams in which the model says nothing: what it would have decided at each chunk is asked for, not given."""
    size = bundle.config.chunk_samples
    examples = []
    for sound in sounds:
        assert sound.timeline is not None, "a stream nobody knows the events of"
        chunks = math.ceil(len(sound.samples) / size)
        samples = np.zeros(chunks * size, np.float32)
        samples[: len(sound.samples)] = sound.samples
        tokens = annotate(sound.instruction, chunks, [], bundle.grammar)
        nothing = np.zeros(chunks, np.int64)
        examples.append(Example(samples, tokens, nothing, nothing, sound.timeline))
    return examples


@torch.no_grad()
def encoded_streams(bundle: Bundle, examples: Sequence[Example]) -> tuple[Encoded, ...]:
    """Hear streams; valid for every network with this encoder and chunk length."""
    batches = [collate(examples[i : i + BATCH]) for i in range(0, len(examples), BATCH)]
    return tuple(Encoded(batch, encoded(bundle.network, batch, PLAIN, None)) for batch in batches)


def judged(network: AudioInteractionModel, hearing_head: nn.Linear, held_out: HeldOut) -> dict[str, float]:
    """The figures of one trained row.

    Returns:
        `balanced` and `area` (0 to 1) over the events of `judging`, at the `threshold` that separates those of
        `choosing` best; `text` and `review`, the mean loss of a text token (nats), 0 where there is none.
    """
    threshold = best_threshold(trigger_scores(network, hearing_head, held_out.choosing))
    events = trigger_scores(network, hearing_head, held_out.judging)
    return {
        "balanced": balanced_at(events, threshold),
        "area": area_under_curve(events),
        "text": text_loss(network, hearing_head, held_out.text),
        "review": text_loss(network, hearing_head, held_out.review),
        "threshold": threshold,
        "events": len(events),
    }


def trigger_scores(
    network: AudioInteractionModel, hearing_head: nn.Linear, streams: Sequence[Encoded]
) -> list[EventScore]:
    """The events of streams that were only listened to, as `separation.event_scores` finds them chunk by chunk."""
    found: list[EventScore] = []
    for one in streams:
        rows = _passed(network, hearing_head, one).p_response
        for timeline, p, chunks in zip(one.batch.timelines, rows, one.batch.chunks, strict=True):
            found += scored(timeline, p[: int(chunks)].tolist(), network.config.chunk_seconds)
    return found


def text_loss(network: AudioInteractionModel, hearing_head: nn.Linear, streams: Sequence[Encoded]) -> float:
    """Mean over all text tokens of all streams; 0 where there is none."""
    total, count = 0.0, 0
    for one in streams:
        tokens = int((one.batch.y_lm != MASK).sum())
        total += float(_passed(network, hearing_head, one).dual.lm) * tokens
        count += tokens
    return total / max(1, count)


@torch.no_grad()
def _passed(network: AudioInteractionModel, hearing_head: nn.Linear, one: Encoded) -> Objective:
    return objective(network, hearing_head, one.batch, one.pooled, PLAIN, None)
