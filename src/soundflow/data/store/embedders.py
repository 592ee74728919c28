"""What turns clips into vectors: one that reads, one that hears, or both; and which there are by name.

The network's own encoder is one of them and is built left of here (`soundflow.model.embedding`), so it is handed in.
Tests: tests/data/store/test_embedders.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from soundflow.errors import UsageError

Samples = NDArray[np.float32]
Vectors = NDArray[np.float32]

HEARD_SECONDS = 10.0  # of a clip, from its start: what an embedder hears; chosen, AudioSet's length


@runtime_checkable
class Reader(Protocol):
    """Texts as vectors. `name` marks the vectors in a store and must change with the weights."""

    name: str
    width: int

    def of_texts(self, texts: Sequence[str]) -> Vectors:
        """float32 [n, width]."""
        ...


@runtime_checkable
class Hearer(Protocol):
    """Sounds as vectors; what reads as well has both in one space. `name` as a reader's."""

    name: str
    width: int

    def of_sounds(self, sounds: Sequence[Samples]) -> Vectors:
        """float32 [n, width] of float32 16 kHz mono samples."""
        ...


Embedder = Reader | Hearer  # a clip is embedded by its sound where the embedder hears, else by its words


def packaged(name: str) -> Embedder:
    """An embedder by its name: `minilm`, or `clap:FOLDER` (or a name on the hub).

    Raises:
        UsageError: there is none of that name (`embedder.name`).
        OutsideError: its package or weights are missing.
    """
    kind, _, place = name.partition(":")
    if kind == "minilm":
        from soundflow.data.store.minilm import MiniLm

        return MiniLm()
    if kind == "clap" and place:
        from soundflow.data.store.clap import Clap

        return Clap(place)
    raise UsageError("embedder.name", f"there is no embedder {name!r}", "one of nano, minilm, clap:FOLDER")
