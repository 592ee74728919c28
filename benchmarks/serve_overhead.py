"""What the server itself costs: the same sessions over sockets, on a model that takes no time and is always silent.

    python benchmarks/serve_overhead.py --sessions 1,64 --seconds 20

Prints one JSON object for each number of sessions: processor time of the server's own thread (sockets, messages, sound,
events: all but the engine's two threads), and how long a decision takes from when its last sample was due to the event
received. A short load is played before the long one: `server_cpu_ms_per_chunk` is what each further chunk took, and
`server_cpu_ms_per_session` what opening and closing a session took beside its chunks. The server has a process of its
own; clients send ten messages a second.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

import numpy as np
from child_server import Child, child_server, silent
from numpy.typing import NDArray

from soundflow.api import example_path, examples
from soundflow.bench.load_measures import Load
from soundflow.bench.load_sound import gather_sound
from soundflow.bench.load_wire import run_wire_load, server_figures
from soundflow.bench.machine import describe_machine

SHORT_SECONDS = 2.0  # of the load that is taken off
CHUNK_SECONDS = 0.4  # of the silent model
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
            short, _ = _played(child, sound, Load(sessions, SHORT_SECONDS, warm_chunks=0, seed=arguments.seed))
            load = Load(sessions, arguments.seconds, warm_chunks=0, seed=arguments.seed)
            used, report = _played(child, sound, load)
        chunks = load.whole_chunks(CHUNK_SECONDS)
        fewer = Load(sessions, SHORT_SECONDS).whole_chunks(CHUNK_SECONDS)
        per_chunk = (used - short) / (sessions * (chunks - fewer))
        row = {
            "sessions": sessions,
            "server_cpu_ms_per_chunk": round(1e3 * per_chunk, 3),
            "server_cpu_ms_per_session": round(1e3 * (used / sessions - per_chunk * chunks), 3),
            **{name: report[name] for name in TIMES},
            "seconds": arguments.seconds,
            "seed": arguments.seed,
            "machine": describe_machine(),
        }
        print(json.dumps(row), flush=True)


def _played(child: Child, sound: NDArray[np.float32], load: Load) -> tuple[float, dict[str, Any]]:
    """Processor seconds of the server's thread for a load, and what the load's clients saw."""
    before = child.loop_cpu_seconds()
    report = run_wire_load(child.address, sound, load).to_dict()
    return child.loop_cpu_seconds() - before, report


if __name__ == "__main__":
    main()
