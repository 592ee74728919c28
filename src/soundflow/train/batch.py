"""Batches out of composed streams: waveforms, token rows and the sound heard in each chunk.

Tests: tests/train/test_batch.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from soundflow.data.annotate import MASK, AnnotatedStream, annotate
from soundflow.data.compose import Composition
from soundflow.data.timeline import Timeline, chunk_of
from soundflow.model.tokens import Grammar

MIN_OVERLAP_SECONDS = 0.1  # a sound counts as heard in a chunk from here on; chosen


@dataclass(frozen=True)
class Example:
    """One stream ready to be learned from."""

    samples: NDArray[np.float32]  # [chunks · chunk samples], 16 kHz
    tokens: AnnotatedStream
    heard: NDArray[np.int64]  # [chunks], index of the foreground sound, 0 for none, MASK after its cue
    calls: NDArray[np.int64]  # [chunks], 1 while a sound is heard that will be answered, else 0; MASK where `heard` is
    timeline: Timeline


@dataclass(frozen=True)
class Batch:
    """Streams of one batch, padded at their ends; padding is masked everywhere."""

    samples: Tensor  # float32 [batch, samples]
    chunks: Tensor  # int64 [batch], chunks that are real
    input_ids: Tensor  # int64 [batch, positions]
    y_stream: Tensor  # int64 [batch, positions]
    y_lm: Tensor  # int64 [batch, positions]
    is_audio: Tensor  # bool [batch, positions]
    decision_at: Tensor  # int64 [batch, chunks], 0 where padded
    heard: Tensor  # int64 [batch, chunks], MASK where padded
    calls: Tensor  # int64 [batch, chunks], MASK where padded
    timelines: tuple[Timeline, ...]


def example(
    composition: Composition,
    grammar: Grammar,
    label_index: Mapping[str, int],
    chunk_samples: int,
    rng: np.random.Generator,
    instant_share: float,
) -> Example:
    """Annotate one composed stream.

    Args:
        rng: draws the speaking rate (ruling 4); a share of the streams speaks instantaneously.
    """
    timeline = composition.timeline
    chunks = math.ceil(len(composition.samples) / chunk_samples)
    samples = np.zeros(chunks * chunk_samples, np.float32)
    samples[: len(composition.samples)] = composition.samples
    rate = math.inf if rng.random() < instant_share else float(rng.uniform(2, 12))
    responses = [(chunk, reply) for chunk, reply, _ in timeline.responses]
    tokens = annotate(timeline.instruction, chunks, responses, grammar, rate)
    return Example(samples, tokens, *heard_in_chunks(timeline, chunks, label_index), timeline)


def heard_in_chunks(
    timeline: Timeline, chunks: int, label_index: Mapping[str, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Name the foreground sound that fills most of each chunk, and say whether it will be answered.

    After its cue a sound is MASK: the reply (or that there was none) has told by then what it is, and a head that
    reads it there teaches the ears nothing.

    Returns:
        Index of the sound, 0 for none; 1 where it will be answered, else 0. Both int64 [chunks].
    """
    heard, most = np.zeros(chunks, np.int64), np.full(chunks, MIN_OVERLAP_SECONDS)
    calls = np.zeros(chunks, np.int64)
    starts = np.arange(chunks) * timeline.chunk_seconds
    for event in timeline.events:
        overlap = np.minimum(starts + timeline.chunk_seconds, event.end) - np.maximum(starts, event.onset)
        wins = (overlap >= most) & (event.role == "foreground")
        known = np.arange(chunks) > chunk_of(event.cue, timeline.chunk_seconds)
        heard[wins], most[wins] = label_index.get(event.label, 0), overlap[wins]
        calls[wins] = MASK if event.decision == "open" else int(event.reply is not None)
        heard[wins & known] = calls[wins & known] = MASK
    return heard, calls


def collate(examples: Sequence[Example]) -> Batch:
    """Pad examples to one length."""
    chunks = [len(e.heard) for e in examples]
    return Batch(
        samples=torch.from_numpy(_stack([e.samples for e in examples], 0.0)),
        chunks=torch.tensor(chunks),
        input_ids=torch.from_numpy(_stack([e.tokens.input_ids for e in examples], 0)),
        y_stream=torch.from_numpy(_stack([e.tokens.y_stream for e in examples], MASK)),
        y_lm=torch.from_numpy(_stack([e.tokens.y_lm for e in examples], MASK)),
        is_audio=torch.from_numpy(_stack([e.tokens.is_audio for e in examples], False)),
        decision_at=torch.from_numpy(_stack([e.tokens.decision_at for e in examples], 0)),
        heard=torch.from_numpy(_stack([e.heard for e in examples], MASK)),
        calls=torch.from_numpy(_stack([e.calls for e in examples], MASK)),
        timelines=tuple(e.timeline for e in examples),
    )


def _stack(rows: Sequence[NDArray[np.generic]], fill: float) -> NDArray[np.generic]:
    out = np.full((len(rows), max(len(r) for r in rows)), fill, rows[0].dtype)
    for i, row in enumerate(rows):
        out[i, : len(row)] = row
    return out


class StreamDataset(Dataset[Example]):
    """Stream number i of an endless corpus: composed afresh when asked for, the same at every asking."""

    def __init__(self, make: Callable[[int], Example], length: int) -> None:
        self._make = make
        self._length = length

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int) -> Example:
        return self._make(index)
