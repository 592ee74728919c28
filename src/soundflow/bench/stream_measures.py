"""Measures of a running stream, as pure functions: latencies, stalls, stability, continuity, strict triggers.

The paper names these and gives values but no formulas; the readings are those of the evaluation reference, §9.
Chunks count from 0. Tests: tests/bench/test_stream_measures.py.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

_ITEMS_PER_ROUND = 60  # the least common multiple of 1 to 5: every length uses the same items


@dataclass(frozen=True)
class Control:
    """A control token or <eos>: when it came out and the newest chunk in its context (None for <eos>)."""

    time: float
    chunk: int | None


@dataclass(frozen=True)
class Response:
    """One reply: the newest chunk when it began, the labelled chunk at which it was first possible, its times."""

    trigger_chunk: int
    ready_chunk: int | None
    text_token_times: tuple[float, ...]
    eos_time: float


@dataclass(frozen=True)
class StreamLog:
    """What happened in one stream, all times in seconds.

    `arrival[t]` is when chunk t's last sample came in, `encode_done[t]` when its features were ready.
    """

    chunk_seconds: float
    arrival: tuple[float, ...]
    encode_done: tuple[float, ...]
    controls: tuple[Control, ...]
    responses: tuple[Response, ...]


def first_chunk_latencies(log: StreamLog) -> list[float]:
    """Per reply with text: first text token minus arrival of the newest chunk in the context. Seconds."""
    return [r.text_token_times[0] - log.arrival[r.trigger_chunk] for r in log.responses if r.text_token_times]


def event_latencies(log: StreamLog) -> list[float]:
    """The same minus the arrival of the chunk at which the answer was first possible: shows backlog. Seconds."""
    return [
        r.text_token_times[0] - log.arrival[r.ready_chunk]
        for r in log.responses
        if r.text_token_times and r.ready_chunk is not None
    ]


def stalled_chunks(log: StreamLog) -> list[int]:
    """Chunks whose features were not ready within one chunk period of their arrival."""
    done = zip(log.arrival, log.encode_done, strict=True)
    return [t for t, (arrived, encoded) in enumerate(done) if encoded - arrived > log.chunk_seconds]


def stall_percent(log: StreamLog) -> float:
    """Percent of chunks that stalled; 0 for an empty stream."""
    return 100.0 * len(stalled_chunks(log)) / len(log.arrival) if log.arrival else 0.0


def resume_latencies(log: StreamLog, only_behind: bool = False) -> list[float]:
    """Per reply: from <eos> to the first control token whose context holds all that had arrived by <eos>. Seconds.

    Replies after which the stream ended before that are left out. With `only_behind` also those during which no
    chunk arrived: for them the time is mostly the wait for the next chunk, whatever the schedule.
    """
    found = []
    for response in log.responses:
        newest = bisect_right(log.arrival, response.eos_time) - 1
        if only_behind and newest <= response.trigger_chunk:
            continue
        after = (
            c.time for c in log.controls if c.time > response.eos_time and c.chunk is not None and c.chunk >= newest
        )
        time = next(after, None)
        if time is not None:
            found.append(time - response.eos_time)
    return found


@dataclass(frozen=True)
class Stability:
    """Scores of items joined in streams of N: percent right, by place in the stream, and relative to N = 1."""

    streams: int
    accuracy: float
    by_position: tuple[float, ...]
    retention: float


def concatenation_items(items: int) -> int:
    """How many of the items are used, so that every N from 1 to 5 sees the same ones."""
    return _ITEMS_PER_ROUND * (items // _ITEMS_PER_ROUND)


def concatenation_stability(correct: Mapping[int, Sequence[bool]]) -> dict[int, Stability]:
    """Stability for each N, from whether each item was right, in order, when N neighbours were joined."""
    base = float(np.mean(correct[1]))
    scores = {}
    for joined, right in correct.items():
        table = np.asarray(right, dtype=float).reshape(-1, joined)
        by_position = tuple(float(x) for x in 100.0 * table.mean(axis=0))
        retention = float(table.mean()) / base if base else 0.0
        scores[joined] = Stability(len(table), 100.0 * float(table.mean()), by_position, retention)
    return scores


@dataclass(frozen=True)
class Continuity:
    """Mean cosines of neighbouring frames across chunk borders and inside chunks, and their ratio."""

    boundary_mean: float
    intra_mean: float

    @property
    def ratio(self) -> float:
        """Near 1 when a layer does not notice the borders."""
        return self.boundary_mean / self.intra_mean


def continuity(chunks: NDArray[np.float64]) -> Continuity:
    """Continuity of one stream's audio positions at one layer.

    Args:
        chunks: [chunks, frames, width], two chunks and two frames or more.
    """
    frames = np.asarray(chunks, dtype=np.float64)
    unit = frames / np.linalg.norm(frames, axis=-1, keepdims=True)
    inside = (unit[:, :-1] * unit[:, 1:]).sum(-1)
    across = (unit[:-1, -1] * unit[1:, 0]).sum(-1)
    return Continuity(float(across.mean()), float(inside.mean()))


@dataclass(frozen=True)
class Ablation:
    """How many control tokens survive an ablation; `drop_response_only` looks at <response> positions alone."""

    token_match: float
    drop: float
    drop_response_only: float | None


def head_ablation(full: Sequence[str], ablated: Sequence[str]) -> Ablation:
    """Compare the control tokens of the intact model and of one with a head set to zero, position by position."""
    same = [a == b for a, b in zip(full, ablated, strict=True)]
    at_response = [s for s, token in zip(same, full, strict=True) if token == "response"]
    match = sum(same) / len(same)
    drop_response = 1.0 - sum(at_response) / len(at_response) if at_response else None
    return Ablation(match, 1.0 - match, drop_response)


@dataclass(frozen=True)
class Segment:
    """A labelled stretch of chunks, both ends included; `ready` is set for segments that want a reply."""

    start: int
    end: int
    label: Literal["respond", "silent"]
    ready: int | None = None


@dataclass(frozen=True)
class StrictTrigger:
    """The strict trigger score, a diagnostic beside the headline one (ruling 11). Rates in percent, None if empty."""

    segment_correct: tuple[bool, ...]
    trigger_accuracy: float | None
    respond_recall: float | None
    silent_specificity: float | None
    chunk_accuracy: float | None


def strict_trigger(segments: Sequence[Segment], response_chunks: Sequence[int]) -> StrictTrigger:
    """Exactly one reply, not before `ready`, in each respond segment and none in each silent one."""
    correct = tuple(_is_segment_right(s, response_chunks) for s in segments)
    pairs = list(zip(segments, correct, strict=True))
    wanted = {s.ready for s in segments if s.ready is not None}
    chunks = [t for s in segments for t in range(s.start, s.end + 1)]
    given = set(response_chunks)
    return StrictTrigger(
        segment_correct=correct,
        trigger_accuracy=_percent(correct),
        respond_recall=_percent([right for s, right in pairs if s.label == "respond"]),
        silent_specificity=_percent([right for s, right in pairs if s.label == "silent"]),
        chunk_accuracy=_percent([(t in wanted) == (t in given) for t in chunks]),
    )


def silence_rate_correlation(first: Sequence[bool], second: Sequence[bool], chunks_per_bin: int = 5) -> float | None:
    """Pearson correlation of two paired streams' share of silent decisions per bin (2 s at 400 ms).

    A last bin that is not full is left out; None with fewer than two bins or a stream that does not vary.
    """
    bins = min(len(first), len(second)) // chunks_per_bin
    if bins < 2:
        return None
    a, b = (np.asarray(silence_rates(s, chunks_per_bin)[:bins]) for s in (first, second))
    if not a.std() or not b.std():
        return None
    return float(np.corrcoef(a, b)[0, 1])


def silence_rates(silent: Sequence[bool], chunks_per_bin: int = 5) -> list[float]:
    """The share of silent decisions of each bin (2 s at 400 ms); a last bin that is not full is left out."""
    bins = len(silent) // chunks_per_bin
    used = np.asarray(silent[: bins * chunks_per_bin], dtype=float)
    return [float(share) for share in used.reshape(bins, chunks_per_bin).mean(axis=1)]


def _is_segment_right(segment: Segment, response_chunks: Sequence[int]) -> bool:
    inside = [t for t in response_chunks if segment.start <= t <= segment.end]
    if segment.label == "silent":
        return not inside
    return len(inside) == 1 and segment.ready is not None and inside[0] >= segment.ready


def _percent(values: Sequence[bool]) -> float | None:
    return 100.0 * sum(values) / len(values) if values else None
