"""Streams side by side in one row, none of which hears another: no padding, no cross-stream attention.

A row is what the decoder takes; its positions begin anew with each stream, and a stream attends to itself alone. So
a packed batch gives what its streams give one by one. Tests: tests/train/test_packing.py.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from soundflow.model.cache import attention, rotary_table
from soundflow.model.config import DecoderConfig
from soundflow.train.document import Document
from soundflow.train.hearing import Names, joined


@dataclass(frozen=True)
class Packed:
    """Streams of one pass in one row; `sound` holds the chunks of all of them, one stream behind the other."""

    sound: Tensor  # float32: log-mel [chunks, bins, frames], or pooled features [chunks, positions, pooled width]
    input_ids: Tensor  # int64 [1, positions]
    y_stream: Tensor  # int64 [1, positions]
    y_lm: Tensor  # int64 [1, positions]
    is_audio: Tensor  # bool [1, positions]
    decision_at: Tensor  # int64 [chunks], places in the row
    lengths: tuple[int, ...]  # positions of each stream
    seconds: float  # of sound, the silence that fills a last chunk left out
    heard: Names  # what rows should name of what is heard
    asked: Names  # and of what was asked

    @property
    def positions(self) -> int:
        """Positions of the row; none of them is padding."""
        return int(self.input_ids.shape[1])

    def to(self, device: torch.device) -> Packed:
        """The same on a device."""
        moved = {
            name: value.to(device, non_blocking=True)
            for name, value in vars(self).items()
            if isinstance(value, Tensor | Names)
        }
        return Packed(**{**vars(self), **moved})


def packed(documents: Sequence[Document], sound: Tensor) -> Packed:
    """Put streams into one row.

    Args:
        sound: their chunks in the same order, as in `Packed`.
    """
    lengths = tuple(len(d.tokens.input_ids) for d in documents)
    starts = [0, *itertools.accumulate(lengths)]

    def row(name: str) -> Tensor:
        return torch.from_numpy(np.concatenate([getattr(d.tokens, name) for d in documents]))[None]

    places = [d.tokens.decision_at + start for d, start in zip(documents, starts, strict=False)]
    return Packed(
        sound=sound,
        input_ids=row("input_ids"),
        y_stream=row("y_stream"),
        y_lm=row("y_lm"),
        is_audio=row("is_audio"),
        decision_at=torch.from_numpy(np.concatenate(places)),
        lengths=lengths,
        seconds=sum(d.seconds for d in documents),
        heard=joined([d.heard for d in documents], starts[:-1]),
        asked=joined([d.asked for d in documents], starts[:-1]),
    )


class SideBySide:
    """The decoder's past for a packed row (`model.cache.Cache`): nothing is kept, every stream begins at position 0."""

    def __init__(self, lengths: Sequence[int], config: DecoderConfig, device: torch.device) -> None:
        self._lengths = tuple(lengths)
        self._config = config
        self._device = device

    def rows(self, positions: int) -> tuple[Tensor, Tensor]:
        """Cosines and sines [positions, head_dim] of places that begin anew with each stream."""
        assert positions == sum(self._lengths)
        places = torch.cat([torch.arange(n, device=self._device) for n in self._lengths])
        return rotary_table(places, self._config)

    def attend(self, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Causal attention inside each stream; [1, heads, positions, head_dim], one layer like another."""
        parts = zip(*(x.split(self._lengths, dim=2) for x in (q, k, v)), strict=True)
        return torch.cat([attention(a, b, c, None) for a, b, c in parts], dim=2)

    def advance(self, positions: int) -> None:
        """Nothing is kept."""
