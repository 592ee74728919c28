"""How continuous a stream is inside the model: rows across a chunk's border against rows within a chunk.

    chunk t            chunk t + 1
    … a b c d          e f g h …        within: a-b b-c c-d     border: d-e     apart: d with the first row of chunks
                                                                                that are no neighbours

The encoder hears each chunk alone, so that its rows break at every border; the paper finds that the first decoder layer
mends this (border / within from 0.25 to 0.80). `apart` is our control: where it is as high as `border`, rows are alike
for another reason than that they follow each other. Source: paper, additional analysis, observation 1; the control and
the centred figure are our own. Tests: tests/analysis/test_continuity.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from soundflow.analysis.layers import through
from soundflow.analysis.shares import share
from soundflow.analysis.sounds import Streams
from soundflow.analysis.walk import Walk, passages, walk
from soundflow.bench.bootstrap import Counts, Interval, bootstrap
from soundflow.model.bundle import Bundle

KINDS = ("border", "within", "apart")
Sums = NDArray[np.float64]  # [figures]: sum and number of each kind's cosines, plain and then centred


@dataclass(frozen=True)
class StageContinuity:
    """One place in the model: mean cosines of each kind of pair, and the continuity ratio border / within.

    `apart_ratio` is the control's, apart / within; `centred_ratio` is the continuity ratio once the stream's mean row
    is taken off, which is what all rows share.
    """

    stage: str
    border: Interval
    within: Interval
    apart: Interval
    ratio: Interval
    apart_ratio: Interval
    centred_ratio: Interval

    def to_dict(self) -> dict[str, Any]:
        """The stage and each figure with its bounds."""
        figures = ("ratio", "apart_ratio", "centred_ratio", *KINDS)
        return {"stage": self.stage, **{name: getattr(self, name).to_dict() for name in figures}}


def continuity(bundle: Bundle, streams: Streams, done: Callable[[], None] = lambda: None) -> list[StageContinuity]:
    """The continuity ratio at encoder, adapter and each decoder layer; bounds by bootstrap over streams.

    Args:
        done: called after each stream.
    """
    sums: dict[str, list[Sums]] = {}
    for index in range(streams.count):
        sound = streams.make(index)
        for stage, added in stream_sums(bundle, walk(bundle, sound.samples, sound.instruction)).items():
            sums.setdefault(stage, []).append(added)
        done()
    return [_stage(stage, np.stack(rows)) for stage, rows in sums.items()]


def stream_sums(bundle: Bundle, found: Walk) -> dict[str, Sums]:
    """Sums and numbers of the cosines of one stream, by stage."""
    sums: dict[str, Sums] = {}
    for rows_of in _staged_rows(bundle, found):
        for stage, rows in rows_of.items():
            added = np.concatenate([pair_sums(rows), pair_sums(rows - rows.mean(dim=(0, 1)))])
            sums[stage] = sums.get(stage, np.zeros_like(added)) + added
    return sums


def pair_sums(rows: Tensor) -> Sums:
    """Sum and number of cosines at borders, within chunks and apart, of rows [chunks, rows of a chunk, width]."""
    units = F.normalize(rows.float(), dim=-1)
    within = (units[:, :-1] * units[:, 1:]).sum(-1)
    across = units[:, -1] @ units[:, 0].T  # [chunks, chunks]: last row of one with the first of another
    border = across.diagonal(1)
    apart = across.triu(2).sum() + across.tril(-1).sum()
    chunks = len(rows)
    counts = (chunks - 1, within.numel(), chunks * (chunks - 1) - (chunks - 1))
    totals = (float(border.sum()), float(within.sum()), float(apart))
    return np.array([value for pair in zip(totals, counts, strict=True) for value in pair], np.float64)


def _staged_rows(bundle: Bundle, found: Walk) -> Iterator[dict[str, Tensor]]:
    """Rows [chunks, rows of a chunk, width] of the sound, by stage, of each window of the stream."""
    network = bundle.network
    for part in passages(bundle, found):
        mel = torch.stack([step.mel for step in found.steps[part.first : part.first + len(part.sound)]])
        with torch.inference_mode():
            encoded = network.encoder(mel.to(network.encoder.positions.device))
            staged = {"encoder": encoded, "adapter": part.rows[part.sound]}
            for index, rows in enumerate(through(network, part.rows[None])[1:]):
                staged[f"layer {index}"] = rows[0][part.sound]
        yield staged


def _stage(stage: str, sums: NDArray[np.float64]) -> StageContinuity:
    """Figures out of [streams, 12] sums."""

    def figure(of: Callable[[Counts], Counts]) -> Interval:
        return bootstrap(sums, range(len(sums)), of)

    def mean(kind: int, centred: bool = False) -> Callable[[Counts], Counts]:
        at = 2 * kind + 6 * centred
        return lambda c: share(c[..., at], c[..., at + 1])

    def ratio(kind: int, centred: bool = False) -> Callable[[Counts], Counts]:
        return lambda c: share(mean(kind, centred)(c), mean(1, centred)(c))

    border, within, apart = (figure(mean(kind)) for kind in range(3))
    return StageContinuity(stage, border, within, apart, figure(ratio(0)), figure(ratio(2)), figure(ratio(0, True)))
