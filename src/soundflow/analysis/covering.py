"""Stretches of a stream covered with its own quietest moment: a gap in which nothing happens.

Knows nothing of models. Tests: tests/analysis/test_covering.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from soundflow.data.mixing import tile_from

Samples = NDArray[np.float32]
Span = tuple[int, int]  # first sample, and the first one behind

QUIET_SAMPLES = 12_800  # of the moment that covers: 0.8 s; chosen
JOIN_SAMPLES = 320  # crossfade at the edges of what is covered: 20 ms, the paper's ω
_HOP = 160  # samples between two moments that are compared


def quietest(samples: Samples, length: int = QUIET_SAMPLES) -> Samples:
    """The stretch of so many samples with the least energy; all of them when there are no more."""
    if len(samples) <= length:
        return samples
    energy = np.concatenate([[0.0], np.cumsum(np.square(samples, dtype=np.float64))])
    starts = np.arange(0, len(samples) - length + 1, _HOP)
    start = int(starts[np.argmin(energy[starts + length] - energy[starts])])
    return samples[start : start + length]


def covered(samples: Samples, spans: Sequence[Span], quiet: Samples) -> Samples:
    """A copy in which the spans are filled with `quiet`, repeated as often as needed, with soft edges.

    Args:
        samples: float32 [n].
        spans: within the samples, not overlapping.
        quiet: float32 [m], m at least 1.
    """
    out = samples.copy()
    for first, last in spans:
        cover = tile_from(quiet, last - first, JOIN_SAMPLES, 0)
        weight = _edges(last - first)
        out[first:last] = out[first:last] * (1 - weight) + cover * weight
    return out


def spans_of(lengths: Iterable[int], start: int, end: int) -> list[Span]:
    """Spans of each length that end at `end` or earlier by steps of half their length, latest first."""
    found = [span for length in lengths for span in _laid(length, start, end)]
    return found or [(start, end)]


def around(span: Span, start: int, end: int) -> list[Span]:
    """What is left of [start, end) on both sides of a span."""
    return [(a, b) for a, b in ((start, span[0]), (span[1], end)) if a < b]


def _laid(length: int, start: int, end: int) -> Iterator[Span]:
    for last in range(end, start + length - 1, -max(1, length // 2)):
        yield last - length, last


def _edges(length: int) -> Samples:
    """From 0 to 1 and back, with a ramp at both ends, float32 [length]."""
    ramp = (np.minimum(np.arange(length), np.arange(length)[::-1]) + 0.5) / JOIN_SAMPLES
    return np.asarray(np.minimum(ramp, 1.0), np.float32)
