"""How many real-time sessions one engine holds: decision times, stalls and losses as the sessions grow in number.

    python benchmarks/engine_load.py [--model nano] [--sessions 8,16,32,64] [--seconds 30] [--json]

Every session plays the packaged recordings from a place and with a phase of its own, in blocks of 0.1 s; windows are
filled before times count. The generator runs in the same process, on the same cores. A chunk counts from the moment
its last sample was due. Before and after, one session alone shows what the machine gives without company.
"""

from __future__ import annotations

import argparse
import json
import sys

import numpy as np
import torch

from soundflow.api import load, open_source
from soundflow.bench.load import run_load
from soundflow.bench.load_measures import Load
from soundflow.bench.machine import describe_machine

EXAMPLES = ("kitchen", "garden", "office", "workshop")


def main() -> None:
    """Parse the command line, run, print a line for each number of sessions."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="nano", help="nano or a model's folder")
    parser.add_argument("--sessions", default="1,8,16,32,64,96,128,192,256,1", help="numbers of sessions, in order")
    parser.add_argument("--seconds", type=float, default=30.0, help="of sound in each, in real time")
    parser.add_argument("--seed", type=int, default=0, help="of places and phases")
    parser.add_argument("--json", action="store_true", help="one object a line, nothing else")
    arguments = parser.parse_args()
    torch.set_num_threads(1)  # one for each of the engine's two threads
    model = load(arguments.model)
    sound = np.concatenate([np.concatenate(list(open_source(name, 6400))) for name in EXAMPLES])
    if not arguments.json:
        print(f"{describe_machine()} · {' '.join(['python', *sys.argv])}")
        print(
            "sessions  decision ms p50 / p95 / p99 / max  first text ms  stalls %  lost  cores  "
            "CPU ms a chunk  chunks a pass"
        )
    for sessions in (int(part) for part in arguments.sessions.split(",")):
        report = run_load(model.bundle, sound, Load(sessions, arguments.seconds, seed=arguments.seed))
        if arguments.json:
            print(json.dumps({**report.to_dict(), "machine": describe_machine()}, allow_nan=False), flush=True)
            continue
        r = report
        text = "–" if r.first_text_ms_p50 is None else f"{r.first_text_ms_p50:.0f}"
        print(
            f"{r.sessions:8d}  {r.decision_ms_p50:8.1f} / {r.decision_ms_p95:.1f} / {r.decision_ms_p99:.1f} / "
            f"{r.decision_ms_max:.1f}  {text:>8}  {r.stall_percent:8.2f}  {r.lost_chunks:4d}  {r.cores_used:5.2f}  "
            f"{r.cpu_ms_per_chunk:14.2f}  {r.chunks_per_encoder_pass:.1f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
