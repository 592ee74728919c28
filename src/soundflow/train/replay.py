"""Streams that are encoded once and learned from several times, for as long as the encoder stands still.

Composing and encoding cost more than what follows; a pool of encoded streams keeps the order of uses random.
Tests: tests/train/test_replay.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from soundflow.train.batch import Example


@dataclass(frozen=True)
class Encoded:
    """One stream and its pooled features, bfloat16 [chunks, positions, pooled width]."""

    example: Example
    pooled: Tensor


def split_by_stream(examples: Sequence[Example], pooled: Tensor) -> list[Encoded]:
    """Give each stream of a batch its rows of the pooled features."""
    parts = pooled.to(torch.bfloat16).split([len(e.heard) for e in examples])
    return [Encoded(example, part.clone()) for example, part in zip(examples, parts, strict=True)]


def replayed(
    fresh: Iterator[list[Encoded]], uses: int, size: int, pool_size: int, generator: torch.Generator
) -> Iterator[list[Encoded]]:
    """Batches of `size` drawn without repetition from a pool into which each stream is put `uses` times.

    Args:
        fresh: streams as they are encoded.
        pool_size: uses that wait in the pool before the first batch is drawn.
    """
    pool: list[Encoded] = []
    for group in fresh:
        pool += [one for one in group for _ in range(uses)]
        while len(pool) >= max(pool_size, size):
            yield _drawn(pool, size, generator)
    while len(pool) >= size:
        yield _drawn(pool, size, generator)


def _drawn(pool: list[Encoded], size: int, generator: torch.Generator) -> list[Encoded]:
    drawn = []
    for _ in range(size):
        at = int(torch.randint(len(pool), (), generator=generator))
        pool[at], pool[-1] = pool[-1], pool[at]
        drawn.append(pool.pop())
    return drawn
