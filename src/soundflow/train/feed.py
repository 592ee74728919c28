"""What each process learns from at each step: positions of the data, and the documents at them.

Stream n of the data goes to step n // batch_size, whatever the number of processes; of a step's streams a process
takes every `size`-th. So a run can go on at any step at once, and two processes learn what one would.
Tests: tests/train/test_feed.py.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from torch.utils.data import Dataset

from soundflow.errors import UsageError
from soundflow.model.tokens import Grammar
from soundflow.train.document import Document, Sounding, document
from soundflow.train.loading import loaded
from soundflow.train.stages import Stage


@dataclass(frozen=True)
class Documents(Dataset[Document]):
    """The document at each position; travels to the processes that prepare sound."""

    source: Callable[[int], Sounding]
    grammar: Grammar
    chunk_seconds: float
    stage: Stage

    def __getitem__(self, position: int) -> Document:
        rng = np.random.default_rng([self.stage.seed, position])
        return document(self.source(position), self.grammar, self.chunk_seconds, self.stage, rng)


def passes_of(stage: Stage, processes: int) -> int:
    """Passes that one process makes for a step.

    Raises:
        UsageError: the batch cannot be shared out evenly.
    """
    each = stage.micro_batch * processes
    if stage.batch_size % each:
        found = f"batch_size {stage.batch_size} over {processes} processes of {stage.micro_batch} streams a pass"
        raise UsageError("feed.batch", found, f"make batch_size a multiple of {each}, or change micro_batch")
    return stage.batch_size // each


def positions_of(stage: Stage, step: int, rank: int, processes: int) -> list[list[int]]:
    """The positions a process learns from at a step, pass by pass."""
    first = step * stage.batch_size
    own = range(first + rank, first + stage.batch_size, processes)
    size = stage.micro_batch
    return [list(own[i : i + size]) for i in range(0, len(own), size)]


@dataclass(frozen=True)
class _Passes:
    """The positions of every pass from a step on, each reckoned when it is wanted: a late start costs nothing."""

    stage: Stage
    first: int
    rank: int
    processes: int

    def __iter__(self) -> Iterator[list[int]]:
        for step in range(self.first, self.stage.steps):
            yield from positions_of(self.stage, step, self.rank, self.processes)

    def __len__(self) -> int:
        return (self.stage.steps - self.first) * passes_of(self.stage, self.processes)


def steps(documents: Documents, first: int, rank: int, processes: int, workers: int) -> Iterator[list[list[Document]]]:
    """The documents of each step from `first` to the stage's last, pass by pass.

    Args:
        workers: processes that prepare sound ahead; 0 prepares it here.

    Raises:
        InputError: a stream cannot be read.
    """
    stage = documents.stage
    each = passes_of(stage, processes)
    passes = loaded(documents, _Passes(stage, first, rank, processes), workers, list, ahead=2 * each)
    for _ in range(first, stage.steps):
        yield list(itertools.islice(passes, each))
