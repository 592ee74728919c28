"""What the server itself costs: the same sessions over sockets, on a model that takes no time and is always silent.

    python benchmarks/serve_overhead.py --sessions 1,64 --seconds 20

Prints one JSON object for each number of sessions: processor time per chunk of the server's own thread (sockets,
messages, sound, events: all but the engine's two threads), and how long a decision takes from when its last sample was
due to the event received. The server has a process of its own; clients send ten messages a second.
"""

from __future__ import annotations

import argparse
import json

from child_server import child_server, silent

from soundflow.api import example_path, examples
from soundflow.bench.load_measures import Load
from soundflow.bench.load_sound import gather_sound
from soundflow.bench.load_wire import run_wire_load, server_figures
from soundflow.bench.machine import describe_machine

TIMES = ("decision_ms_p50", "decision_ms_p95", "decision_ms_p99", "lost_chunks", "late_percent")


def main() -> None:
    """Parse the command line, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", default="1,64", help="numbers of sessions, in order")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    sound = gather_sound([path for name in examples() if (path := example_path(name)) is not None], 600.0)
    for sessions in (int(part) for part in arguments.sessions.split(",")):
        with child_server(silent, sessions) as child:
            server_figures(child.address)
            idle = child.loop_cpu_seconds()
            load = Load(sessions, arguments.seconds, warm_chunks=0, seed=arguments.seed)
            report = run_wire_load(child.address, sound, load).to_dict()
            used = child.loop_cpu_seconds() - idle
            chunks = server_figures(child.address)["soundflow_heard_chunks_total"]
        row = {
            "sessions": sessions,
            "server_cpu_ms_per_chunk": round(1e3 * used / chunks, 3),
            **{name: report[name] for name in TIMES},
            "seconds": arguments.seconds,
            "seed": arguments.seed,
            "machine": describe_machine(),
        }
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
