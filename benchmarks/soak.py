"""Does an hour of stream make a session slower, larger or worse?

    python benchmarks/soak.py --clips FOLDER [--model nano] [--minutes 60]

One session hears one endless stream on one thread. Its first and its last five minutes are the same composed streams
(the bench's, split `test`), so that trigger accuracy is compared event by event; what lies between are other ones.
Reports milliseconds a chunk (median, p95) and resident memory in the first and the last minute, and trigger accuracy
in the first and the last five minutes.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from rich.progress import track

import soundflow
from soundflow.bench.bootstrap import Interval
from soundflow.bench.listening import spoken
from soundflow.bench.machine import describe_machine
from soundflow.bench.scoring import EventResult, Names, SpokenReply, score_stream
from soundflow.bench.trigger import names_of, rates
from soundflow.data.clips import ClipStore
from soundflow.data.compose import Composition
from soundflow.data.streams import bench_config, stream
from soundflow.stream.events import Event

CHUNK = 6400  # samples: 0.4 s
MINUTE = 150  # chunks
BLOCK_SECONDS = 300.0  # heard first and last


@dataclasses.dataclass(frozen=True)
class Listened:
    """What one pass over the stream gave: replies by stream time, and each chunk's cost and memory."""

    replies: list[SpokenReply]
    milliseconds: list[float]
    resident_mb: list[float]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=Path, required=True)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--split", default="test")
    parser.add_argument("--model", default="nano")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    store = ClipStore(arguments.clips, arguments.cache)
    store.prepare(arguments.split)
    block = list(composed(store, arguments.split, arguments.seed, 0, BLOCK_SECONDS))
    middle = 60 * arguments.minutes - 2 * sum(len(made.samples) for made in block) / 16_000
    filler = list(composed(store, arguments.split, arguments.seed, len(block), middle))
    whole = [*block, *filler, *block]
    found = listen(arguments.model, whole)
    starts = np.cumsum([0.0, *(len(made.samples) / 16_000 for made in whole)])
    names = names_of(store)
    judged = [judge(made, start, found.replies, names) for made, start in zip(whole, starts[:-1], strict=True)]
    first, last = ([e for row in rows for e in row] for rows in (judged[: len(block)], judged[-len(block) :]))
    result = {
        "seconds": round(float(starts[-1]), 1),
        "first_minute": costs(found, slice(10, MINUTE)),
        "last_minute": costs(found, slice(-MINUTE - 1, -1)),
        "first_five_minutes": shares(first),
        "last_five_minutes": shares(last),
        "events_judged_alike": f"{sum(a == b for a, b in zip(first, last, strict=True))} of {len(first)}",
        "model": arguments.model,
        "seed": arguments.seed,
        "machine": describe_machine(),
        "command": " ".join(["python", *sys.argv]),
    }
    print(json.dumps(result, indent=1))


def composed(store: ClipStore, split: str, seed: int, first: int, seconds: float) -> Iterator[Composition]:
    """Bench streams from number `first` on, until they last so long; their length is whole chunks."""
    done = 0.0
    while done < seconds:
        made = stream(store, split, seed, first, bench_config())
        done, first = done + len(made.samples) / 16_000, first + 1
        yield made


def listen(model: str, whole: list[Composition]) -> Listened:
    """Feed one session chunk by chunk, as fast as it takes them."""
    milliseconds: list[float] = []
    resident: list[float] = []
    events: list[Event] = []
    with soundflow.load(model).session() as session:
        for made in track(whole, description="listening", disable=not sys.stderr.isatty()):
            for start in range(0, len(made.samples), CHUNK):
                before = time.perf_counter()
                events += session.feed(made.samples[start : start + CHUNK])
                milliseconds.append(1000 * (time.perf_counter() - before))
                resident.append(resident_mb())
        events += session.end()
    return Listened(spoken(events), milliseconds, resident)


def judge(made: Composition, start: float, replies: list[SpokenReply], names: Names) -> list[EventResult]:
    """Score the stretch of the hour in which this stream was heard."""
    end = start + made.timeline.seconds + 1e-6
    inside = [SpokenReply(r.at - start, r.text) for r in replies if start < r.at <= end]
    return list(score_stream(made.timeline, inside, names).events)


def costs(found: Listened, part: slice) -> dict[str, float]:
    """Time a chunk and memory over a stretch of chunks."""
    times = found.milliseconds[part]
    return {
        "median_ms": round(float(np.median(times)), 2),
        "p95_ms": round(float(np.percentile(times, 95)), 2),
        "resident_mb": round(float(np.median(found.resident_mb[part])), 1),
    }


def shares(events: list[EventResult]) -> dict[str, dict[str, float | None]]:
    """Trigger accuracy, balanced, recall and specificity, with their bounds."""
    figures: dict[str, Interval] = rates(events)
    return {
        name: figures[name].to_dict() for name in ("trigger_accuracy", "balanced_accuracy", "recall", "specificity")
    }


def resident_mb() -> float:
    """Memory this process holds now, MB (Linux)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


if __name__ == "__main__":
    main()
