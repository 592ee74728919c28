"""Does a live server grow with time? Many short sessions, then one long one, against a server in a process of its own.

    python benchmarks/serve_soak.py --churn 5000 --hours 1

Churn: clients come, are heard for one to three chunks and leave, a third of them without a word; the server is looked
at when they are all gone. The long session is fed as fast as it decides; `--wall-minutes` ends it early, and the report
says how many hours of sound it had. What the server holds is read from its /metrics, from /proc and, because allocators
keep pages for later, from the allocators themselves (`live_mib`, `python_blocks`; glibc); slopes have 95 % bounds
and leave out the first fifth of the looks. Each look is a JSON line on stderr: a run that is ended early is not lost.
Threads may grow by the loop's pool of helpers, which is bounded (6 on 2 cores).
24 hours of sound are 216,000 chunks: at 8 ms each half an hour. `--network scripted` leaves the network out: a model
that takes no time and speaks every ten seconds, so that what is around a network grows old on a busy machine, too.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import dataclasses
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from child_server import Child, child_server, nano, talking
from websockets.asyncio.client import connect

from soundflow.api import example_path, examples
from soundflow.audio.pcm import to_s16le
from soundflow.bench.growth import Held, slope
from soundflow.bench.load_sound import gather_sound
from soundflow.bench.load_wire import Address, server_figures
from soundflow.bench.machine import describe_machine

SEATS = 64  # of the server: those who left without a word keep theirs for a second
AT_ONCE = 16  # short sessions that are open together
LOOKS = 60  # times the server is looked at in each part
WARM_SHARE = 0.2  # of the looks are left out: a process takes its memory in the beginning
CHUNK = 6400  # samples
CHUNK_SECONDS = 0.4
FORMAT = {"type": "realtime", "audio": {"input": {"format": {"type": "audio/pcm", "rate": 16_000}}}}
UPDATE = json.dumps({"type": "session.update", "session": FORMAT})


def chunk_messages() -> list[str]:
    """The packaged recordings, a message a chunk."""
    sound = gather_sound([path for name in examples() if (path := example_path(name)) is not None], 600.0)
    pieces = (to_s16le(sound[at : at + CHUNK]) for at in range(0, len(sound) - CHUNK, CHUNK))
    return [json.dumps({"type": "input_audio_buffer.append", "audio": base64.b64encode(p).decode()}) for p in pieces]


async def hear(connection: Any, message: str) -> None:
    """Send a chunk and wait until it is decided, and said what it calls for."""
    await connection.send(message)
    speaking = False
    async for text in connection:
        kind = json.loads(text)["type"]
        if kind == "error":
            raise RuntimeError(text)
        if kind == "response.listen" or (kind == "response.done" and speaking):
            return
        speaking = speaking or kind == "response.speak"


async def short_session(address: Address, number: int, messages: list[str]) -> None:
    """Come, be heard, leave: every third one without a word."""
    async with connect(address.socket, compression=None) as connection:
        await connection.send(UPDATE)
        for i in range(1 + number % 3):
            await hear(connection, messages[(number + i) % len(messages)])
        if number % 3 == 0:
            connection.transport.abort()


async def churn(child: Child, sessions: int, messages: list[str]) -> dict[str, Any]:
    """So many short sessions, some at once, in rounds; between two rounds the server is looked at when it is empty."""
    watch, turn = Watch(child), asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> None:
        async with turn:
            await short_session(child.address, number, messages)

    before = after = await watch.held()
    a_round = max(1, sessions // LOOKS)
    for start in range(0, sessions, a_round):
        numbers = range(start, min(start + a_round, sessions))
        await asyncio.gather(*(one(number) for number in numbers))
        after = await watch.settled(before)
        watch.note(after, numbers.stop)
    return {
        "sessions": sessions,
        "wall_s": round(watch.seconds(), 1),
        **watch.grown(("memory_mib", "live_mib", "python_blocks"), "1000_sessions", "done", 1000.0),
        **watch.grown(("memory_mib", "live_mib"), "hour", "at_s", 3600.0),
        **left_behind(before, after),
    }


async def long_session(child: Child, hours: float, wall_minutes: float, messages: list[str]) -> dict[str, Any]:
    """One session, fed as fast as it decides."""
    chunks, watch, steps, done = round(hours * 3600 / CHUNK_SECONDS), Watch(child), [], 0
    before = await watch.held()
    async with connect(child.address.socket, compression=None) as connection:
        await connection.send(UPDATE)
        while done < chunks and watch.seconds() < 60 * wall_minutes:
            asked_at = time.perf_counter()
            await hear(connection, messages[done % len(messages)])
            steps.append(1e3 * (time.perf_counter() - asked_at))
            done += 1
            if len(steps) >= max(100, chunks // LOOKS):
                watch.note(await watch.held(), done, steps)
                steps.clear()
    wall, an_hour = watch.seconds(), 3600 / CHUNK_SECONDS
    return {
        "hours_of_sound": round(done / an_hour, 2),
        "chunks": done,
        "wall_s": round(wall, 1),
        **watch.grown(
            ("memory_mib", "live_mib", "python_blocks", "step_ms_p50", "step_ms_p99", "cpu_ms_a_chunk"),
            "hour_of_sound",
            "done",
            an_hour,
        ),
        **watch.grown(("memory_mib", "live_mib"), "hour", "at_s", 3600.0),
        **left_behind(before, await watch.settled(before)),
    }


class Watch:
    """Looks at a server from the outside, with what it held at each."""

    def __init__(self, child: Child) -> None:
        self._child = child
        self._began = time.perf_counter()
        self._looks: list[dict[str, float]] = []

    def seconds(self) -> float:
        return time.perf_counter() - self._began

    async def held(self) -> dict[str, float]:
        """What the server holds now; its processor time beside it."""
        figures = await asyncio.to_thread(server_figures, self._child.address)
        held = dataclasses.asdict(Held.of_figures(self.seconds(), figures))
        live = await asyncio.to_thread(self._child.live)
        return (
            held | live | {"sockets": sockets(self._child.pid), "cpu_s": figures["soundflow_process_cpu_seconds_total"]}
        )

    def note(self, held: dict[str, float], done: int, steps: Sequence[float] = ()) -> None:
        """Keep and print what is held after so many sessions or chunks, and how long the last steps took."""
        found = held | {"done": done}
        if steps:
            found |= {"step_ms_p50": float(np.percentile(steps, 50)), "step_ms_p99": float(np.percentile(steps, 99))}
        if steps and self._looks:
            found["cpu_ms_a_chunk"] = 1e3 * (found["cpu_s"] - self._looks[-1]["cpu_s"]) / len(steps)
        self._looks.append(found)
        print(json.dumps({name: round(value, 2) for name, value in found.items()}), file=sys.stderr, flush=True)

    async def settled(self, before: dict[str, float]) -> dict[str, float]:
        """What is held when every session that was dropped had time to be forgotten."""
        for _ in range(200):
            left = await self.held()
            if left["tasks"] <= before["tasks"] and left["files"] <= before["files"]:
                break
            await asyncio.sleep(0.2)
        return left

    def grown(self, names: Sequence[str], word: str, against: str, unit: float) -> dict[str, Any]:
        """First and last value of each figure, and its slope for each `unit` of another, after the warm-up."""
        found: dict[str, Any] = {}
        for name in names:
            values = [look[name] for look in self._looks if name in look]
            warm = [look for look in self._looks[int(WARM_SHARE * len(self._looks)) :] if name in look]
            found[name] = [round(value, 2) for value in (values[0], values[-1])] if values else []
            found[f"{name}_per_{word}"] = slope([x[against] / unit for x in warm], [x[name] for x in warm]).to_dict()
        return found


def sockets(pid: int) -> int:
    """How many of a process's open files are sockets (Linux)."""
    count = 0
    for file in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):  # closed since it was listed
            count += os.readlink(file).startswith("socket:")
    return count


def left_behind(before: dict[str, float], after: dict[str, float]) -> dict[str, Any]:
    """Counts before and after."""
    return {name: {"before": before[name], "after": after[name]} for name in ("tasks", "threads", "files", "sockets")}


def main() -> None:
    """Parse the command line, start a server, play, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--churn", type=int, default=5000, help="short sessions")
    parser.add_argument("--hours", type=float, default=1.0, help="of sound in the long session")
    parser.add_argument("--wall-minutes", type=float, default=1e9, help="after which the long session ends early")
    parser.add_argument("--network", choices=("nano", "scripted"), default="nano")
    arguments = parser.parse_args()
    make = {"nano": nano, "scripted": talking}[arguments.network]
    messages = chunk_messages()
    report: dict[str, Any] = {"command": " ".join(["python", *sys.argv]), "machine": describe_machine()}
    with child_server(make, SEATS) as child:
        asyncio.run(short_session(child.address, 1, messages))  # the first session of a process loads what it needs
        if arguments.churn:
            report["churn"] = asyncio.run(churn(child, arguments.churn, messages))
        if arguments.hours:
            report["long"] = asyncio.run(long_session(child, arguments.hours, arguments.wall_minutes, messages))
    print(json.dumps(report))


if __name__ == "__main__":
    main()
