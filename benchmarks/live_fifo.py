"""The FIFO schedule against two others in the live server, in one run: first text, stalls, resuming.

    python benchmarks/live_fifo.py --sessions 8 --seconds 15 --rounds 2 [--threshold 0.2]
    python benchmarks/live_fifo.py --sessions 4 --seconds 20 --slow-every 8

Each round starts a server for each schedule, in turns, and plays the same sound with the same phases to the same number
of sessions. Without a threshold nano speaks at a few sounds a minute and its replies are short; a low one makes
it talk more. `--slow-every N` plays to a model of scripted replies instead (60 tokens at every N-th chunk) whose work
takes the time of a large one on a GPU (slow_model.py). Prints one JSON object with each round's figures and the ratios
to FIFO, round by round.
"""

from __future__ import annotations

import argparse
import json
import sys
from functools import partial
from typing import Any

from child_server import child_server, nano
from slow_model import slow

from soundflow.api import example_path, examples
from soundflow.bench.load_measures import Load
from soundflow.bench.load_sound import gather_sound
from soundflow.bench.load_wire import run_wire_load
from soundflow.bench.machine import describe_machine
from soundflow.stream.schedule import Policy

POLICIES: tuple[Policy, ...] = ("fifo", "synchronous", "pop_one")
MEASURES = ("first_text_ms_mean", "resume_ms_mean", "stall_percent", "decision_ms_p50", "decision_ms_p99")


def main() -> None:
    """Parse the command line, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--threshold", type=float, help="p(response) from which sessions speak")
    parser.add_argument("--slow-every", type=int, help="chunks from one reply of the slow model to the next")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    sound = gather_sound([path for name in examples() if (path := example_path(name)) is not None], 600.0)
    make = nano if arguments.slow_every is None else partial(slow, arguments.slow_every)
    rounds: list[dict[str, Any]] = []
    for number in range(arguments.rounds):
        load = Load(arguments.sessions, arguments.seconds, threshold=arguments.threshold, seed=arguments.seed + number)
        row: dict[str, Any] = {}
        for policy in POLICIES:
            with child_server(make, arguments.sessions, policy) as child:
                report = run_wire_load(child.address, sound, load).to_dict()
            row[policy] = {name: report[name] for name in (*MEASURES, "replies", "decisions", "lost_chunks")}
            print(f"round {number} {policy}: {row[policy]}", file=sys.stderr, flush=True)
        row["over_fifo"] = {p: _ratios(row[p], row["fifo"]) for p in POLICIES[1:]}
        rounds.append(row)
    print(
        json.dumps(
            {
                "command": " ".join(["python", *sys.argv]),
                "machine": describe_machine(),
                "sessions": arguments.sessions,
                "rounds": rounds,
            }
        )
    )


def _ratios(other: dict[str, Any], fifo: dict[str, Any]) -> dict[str, float | None]:
    return {name: round(other[name] / fifo[name], 3) if other[name] and fifo[name] else None for name in MEASURES}


if __name__ == "__main__":
    main()
