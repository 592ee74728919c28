"""`bench latency`: from a sound's onset to the first word, split into policy, queue and compute (ruling 8).

`policy` is what the model waits for, in seconds of stream: onset to the end of the sound it had heard when it chose to
speak. `queue` and `compute` follow: waiting for encoder or decoder, and working. Tests: tests/bench/test_latency.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from soundflow.bench.bootstrap import bootstrap, ratio
from soundflow.bench.fifo import Call, Scenario, rows_table
from soundflow.bench.fifo import play as play_scripted
from soundflow.bench.paced import MeasuredWork, Paced, Schedule, TableWork, Work, play
from soundflow.bench.scoring import SpokenReply, charge_responses
from soundflow.bench.stream_measures import event_latencies
from soundflow.data.compose import Composition
from soundflow.data.timeline import Timeline, chunk_of
from soundflow.model.bundle import Bundle
from soundflow.stream.clock import CostTable

SCHEDULES: tuple[Schedule, ...] = ("fifo", "synchronous")
CHUNK_SIZES = (0.2, 0.4, 0.6, 0.8)  # seconds; the paper's
REPLY_TOKENS = 14  # the median of the replies nano learns (benchmarks/fifo.py)
# 11.1 / 35.3 / 31.5 ms: encoder, 13-row decision and text token of the 3B shape on two CPU cores, over ten, which
# stands for a GPU (benchmarks/fifo.py); shows what the queue is worth to a model that is slow to speak.
LARGE = rows_table("3B shape, a tenth of two CPU cores", 11.1, 13, 31.5, 35.3)
NOTES = (
    "Means over replies; policy over those that answered a sound. Simulated: each step takes what the table says. "
    "Wall: each step takes what it took this machine just then, and the sound arrives in real time all the same.",
    "Chunk sizes are the schedule alone, at a model that speaks in the first chunk that holds the cue, with costs in "
    "proportion to the chunk: nano was trained at 0.4 s, and what another size does to its judgement takes a training.",
)
Progress = Callable[[float], None]  # seconds of sound


def measure_split(
    bundle: Bundle, streams: Sequence[Composition], costs: CostTable, progress: Progress = lambda seconds: None
) -> list[dict[str, Any]]:
    """Every clock under every schedule, over the same streams; one row each."""
    works: Mapping[str, Callable[[], Work]] = {
        f"simulated: {costs.name}": lambda: TableWork(costs),
        f"simulated: {LARGE.name}": lambda: TableWork(LARGE),
        "wall": MeasuredWork,
    }
    rows = []
    for clock, make in works.items():
        for schedule in SCHEDULES:
            played = []
            for made in streams:
                played.append(play(bundle, made.samples, make(), schedule, made.timeline.instruction))
                progress(made.timeline.seconds)
            rows.append({"clock": clock, "schedule": schedule, **split([s.timeline for s in streams], played)})
    return rows


def split(timelines: Sequence[Timeline], played: Sequence[Paced]) -> dict[str, Any]:
    """Means with 95 % bounds by stream; policy in seconds, the rest in milliseconds."""
    chunks = sum(one.chunks for one in played)
    return {
        "policy": _mean([_policies(t, one) for t, one in zip(timelines, played, strict=True)]),
        "queue": _mean([[1e3 * r.queue for r in one.replies] for one in played]),
        "compute": _mean([[1e3 * r.compute for r in one.replies] for one in played]),
        "first_text": _mean([[1e3 * (r.queue + r.compute) for r in one.replies] for one in played]),
        "stalled_percent": round(100 * sum(one.stalled for one in played) / chunks, 3) if chunks else None,
        "replies": sum(len(one.replies) for one in played),
    }


def chunk_sizes(timelines: Sequence[Timeline], costs: CostTable, native: float) -> list[dict[str, Any]]:
    """What the length of a chunk does to the schedule alone.

    Args:
        native: the chunk, in seconds, that the costs belong to.
    """
    return [_chunk_size(timelines, _scaled(costs, size / native), size) for size in CHUNK_SIZES]


def _chunk_size(timelines: Sequence[Timeline], costs: CostTable, size: float) -> dict[str, Any]:
    compute = costs.encode_ms + costs.decision(1) + costs.text_token_ms
    policies, queues = [], []
    for timeline in timelines:
        due = [(chunk_of(e.cue, size), e.onset) for e in timeline.events if e.decision == "respond"]
        calls = tuple(Call(chunk, REPLY_TOKENS) for chunk, _ in sorted(due))
        log = play_scripted(Scenario(round(timeline.seconds / size), calls), costs, "fifo", size)
        policies.append([(chunk + 1) * size - onset for chunk, onset in due])
        queues.append([max(0.0, 1e3 * seconds - compute) for seconds in event_latencies(log)])
    return {
        "chunk_seconds": size,
        "policy": _mean(policies),
        "queue": _mean(queues),
        "compute": {"value": round(compute, 3), "low": None, "high": None},
    }


def _policies(timeline: Timeline, played: Paced) -> list[float]:
    said = [SpokenReply(reply.heard_until, reply.text) for reply in played.replies]
    answers = charge_responses(timeline.events, said)
    return [said[reply].at - timeline.events[event].onset for event, reply in answers.items()]


def _scaled(costs: CostTable, factor: float) -> CostTable:
    decisions = tuple((count, milliseconds * factor) for count, milliseconds in costs.decision_ms)
    return CostTable(costs.name, costs.encode_ms * factor, decisions, costs.text_token_ms)


def _mean(per_stream: Sequence[Sequence[float]]) -> dict[str, float | None]:
    counts = np.array([(sum(values), len(values)) for values in per_stream], dtype=np.float64).reshape(-1, 2)
    return bootstrap(counts, range(len(counts)), ratio).to_dict()
