"""Does an hour of stream make a session slower, larger or worse?

    python benchmarks/soak.py --clips FOLDER [--model nano] [--minutes 60] [--sessions 1] [--json]

One session hears one stream without a break, on one thread and as fast as it computes, the way `listen` hears a file.
The stream opens and closes with the same five minutes, sample for sample (the bench's streams, split `test`); other
streams lie between. So both times the same events are judged and the same sound is timed: what differs is the age of
the session. Two different five minutes would differ by several points in accuracy for no reason.

Reported are milliseconds a chunk (median and 95th percentile) in the first minute, in the same minute heard again and
in the last one; resident memory after every minute; trigger accuracy at the opening and the closing, with the paired
difference and its bounds. It passes when p95 and memory grew by at most 10 % and accuracy lost at most 2 points. For
that, p95 is the processor's time, which other programs change little, over chunks at which nothing was said either
time: one chunk in twenty is answered, so p95 over all, which stands beside it, jumps with one reply more or less. More
sessions, of other seeds, make the comparison of accuracy sharper. The stream is composed by another process, so that
this one's memory holds nothing but the model and the session.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch

import soundflow
from soundflow.bench import soak
from soundflow.bench.listening import Setting
from soundflow.bench.machine import describe_machine
from soundflow.bench.trigger import names_of
from soundflow.cli.progress import SoundProgress
from soundflow.data.clips import ClipStore
from soundflow.data.timeline import Timeline

SPANS = ("first_minute", "same_minute_again", "last_minute", "whole")


@dataclass(frozen=True)
class Played:
    """One session over one stream: what is judged and what was timed."""

    excerpt: Timeline
    pairs: soak.Pairs
    course: dict[str, Any]


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Every session, and all of them together."""
    torch.set_num_threads(1)
    model = soundflow.load(arguments.model)
    store = ClipStore(arguments.clips, arguments.cache)
    played = [play(model, store, arguments, arguments.seed + k) for k in range(arguments.sessions)]
    courses = [one.course for one in played]
    pairs = soak.Pairs(
        tuple(event for one in played for event in one.pairs.opening),
        tuple(event for one in played for event in one.pairs.closing),
    )
    accuracy = soak.accuracy(pairs, [one.excerpt for one in played])
    return {
        "passed": soak.verdict(courses, accuracy),
        "sessions": courses,
        "accuracy": accuracy,
        "model": model.name,
        "split": arguments.split,
        "seed": arguments.seed,
        "excerpt_minutes": arguments.excerpt_minutes,
        "machine": describe_machine(),
        "command": " ".join(["python", *sys.argv]),
    }


def play(model: soundflow.Model, store: ClipStore, arguments: argparse.Namespace, seed: int) -> Played:
    """Compose a stream elsewhere, hear it here, judge it."""
    setting = Setting(store, arguments.split, seed)
    with tempfile.TemporaryDirectory() as folder, SoundProgress("composing", 60 * arguments.minutes) as progress:
        path = Path(folder) / "stream.wav"
        with ProcessPoolExecutor(1, get_context("spawn")) as elsewhere:
            made = elsewhere.submit(soak.write_soak, setting, arguments.minutes, arguments.excerpt_minutes, path)
            stream = made.result()
        soaked = soak.hear_soak(
            model.bundle, path, arguments.threshold, lambda seconds: progress.heard("one session", seconds)
        )
    pairs = soak.judge(stream, soaked.replies, names_of(store))
    return Played(stream.excerpt, pairs, {"seed": seed, **soak.course(stream, soaked)})


def show(report: dict[str, Any]) -> None:
    """Print the report for people."""
    print(f"{report['model']}, {report['machine']}")
    for one in report["sessions"]:
        print(f"\nseed {one['seed']}: {one['minutes']} minutes, the opening again after {one['again_after_minutes']}")
        for span in SPANS:
            row = one[span]
            wall, cpu = (f"{row[f'{k}p50_ms']:.2f} / {row[f'{k}p95_ms']:.2f}" for k in ("", "cpu_"))
            print(f"  {span:18} p50 / p95 {wall} ms, processor {cpu} ms, {row['replies']} replies")
        memory = one["resident_mb"]
        growth = " ".join(str(one[f"p95_growth{k}"]) for k in ("", "_wall", "_all_in"))
        print(f"  p95 × {growth} (processor, wall, with replies); MiB {memory[:1]} to {memory[-1:]}")
    accuracy = report["accuracy"]
    print(f"\n{accuracy['events']} events, heard first and last")
    for who in ("opening", "closing", "always_silent", "always_respond"):
        rates = accuracy[who]
        print(f"  {who:18} " + ", ".join(f"{name} {_rate(rates[name])}" for name in ("trigger_accuracy", "recall")))
    print(f"  points gained      {accuracy['points_gained']}, {accuracy['became_right']} better", end="")
    print(f", {accuracy['became_wrong']} worse\npassed: {report['passed']}")


def _rate(rate: dict[str, float | None]) -> str:
    if rate["value"] is None:
        return "none"
    value, low, high = rate["value"], rate["low"], rate["high"]
    return f"{value:.3f} [{low:.3f}, {high:.3f}]"


def main() -> None:
    """Parse the command line, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="nano", help="nano or a model's folder")
    parser.add_argument("--clips", type=Path, required=True, help="a folder with clips.jsonl and labels.json")
    parser.add_argument("--cache", type=Path, help="where decoded clips are kept")
    parser.add_argument("--split", default="test")
    parser.add_argument("--minutes", type=float, default=60.0, help="of stream, in each session")
    parser.add_argument("--excerpt-minutes", type=float, default=5.0, help="heard first and last")
    parser.add_argument("--sessions", type=int, default=1, help="one after the other, each with a seed of its own")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threshold", type=float, help="p(response) from which the model speaks")
    parser.add_argument("--json", action="store_true", help="one object on standard output")
    arguments = parser.parse_args()
    report = run(arguments)
    if arguments.json:
        print(json.dumps(report, ensure_ascii=False, allow_nan=False))
    else:
        show(report)


if __name__ == "__main__":
    main()
