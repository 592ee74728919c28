"""Does a live server grow with time? Many short sessions, then one long one, against a server in a process of its own.

    python benchmarks/serve_soak.py --churn 5000 --hours 1

Churn: clients come, are heard for one to three chunks and leave, a third of them without a word. The long session is
fed as fast as it decides. Threads may grow by the loop's pool of helpers, which is bounded (6 on 2 cores). What the
server holds is read from its /metrics as it goes; slopes have 95 % bounds.
24 hours of sound are 216,000 chunks: at 8 ms each half an hour.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import sys
import time
from typing import Any

import numpy as np
from child_server import child_server, nano
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
CHUNK = 6400  # samples: 0.4 s
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


async def churn(address: Address, sessions: int, messages: list[str]) -> dict[str, Any]:
    """So many short sessions, some at once."""
    began, looks, turn = time.perf_counter(), [], asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> None:
        async with turn:
            await short_session(address, number, messages)
        if number % max(1, sessions // LOOKS) == 0:
            looks.append(await look(address, began))

    before = await look(address, began)
    await asyncio.gather(*(one(number) for number in range(sessions)))
    left = await settled(address, before, began)
    return {
        "sessions": sessions,
        "sessions_a_second": round(sessions / (time.perf_counter() - began), 1),
        "memory_mib_per_1000_sessions": slope(
            [1e-3 * sessions * i / len(looks) for i in range(len(warm(looks)))], [h.memory_mib for h in warm(looks)]
        ).to_dict(),
        "left_behind": {k: getattr(left, k) - getattr(before, k) for k in ("files", "threads", "tasks")},
    }


async def settled(address: Address, before: Held, began: float) -> Held:
    """What is held when every session that was dropped had time to be forgotten."""
    for _ in range(90):
        left = await look(address, began)
        if left.tasks <= before.tasks and left.files <= before.files:
            break
        await asyncio.sleep(0.5)
    return left


async def look(address: Address, began: float) -> Held:
    return Held.of_figures(time.perf_counter() - began, await asyncio.to_thread(server_figures, address))


def warm(looks: list[Any]) -> list[Any]:
    return looks[int(WARM_SHARE * len(looks)) :]


async def long_session(address: Address, hours: float, messages: list[str]) -> dict[str, Any]:
    """One session, fed as fast as it decides."""
    chunks, began = round(hours * 3600 / 0.4), time.perf_counter()
    looks, p99, steps = [], [], []
    async with connect(address.socket, compression=None) as connection:
        await connection.send(UPDATE)
        for number in range(chunks):
            asked_at = time.perf_counter()
            await hear(connection, messages[number % len(messages)])
            steps.append(1e3 * (time.perf_counter() - asked_at))
            if len(steps) >= max(100, chunks // LOOKS):
                looks.append(await look(address, began))
                p99.append(float(np.percentile(steps, 99)))
                steps.clear()
    at_h = [hours * (i + 1) / len(p99) for i in range(len(p99))]
    skipped = len(p99) - len(warm(p99))
    return {
        "hours_of_sound": hours,
        "chunks": chunks,
        "wall_s": round(time.perf_counter() - began, 1),
        "memory_mib": [round(h.memory_mib, 1) for h in (looks[0], looks[-1])],
        "memory_mib_per_hour_of_sound": slope(at_h[skipped:], [h.memory_mib for h in warm(looks)]).to_dict(),
        "step_ms_p99": [round(p99[0], 2), round(p99[-1], 2)],
        "step_ms_p99_per_hour_of_sound": slope(at_h[skipped:], warm(p99)).to_dict(),
    }


def main() -> None:
    """Parse the command line, start a server, play, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--churn", type=int, default=5000, help="short sessions")
    parser.add_argument("--hours", type=float, default=1.0, help="of sound in the long session")
    arguments = parser.parse_args()
    messages = chunk_messages()
    report: dict[str, Any] = {"command": " ".join(["python", *sys.argv]), "machine": describe_machine()}
    with child_server(nano, SEATS) as child:
        asyncio.run(short_session(child.address, 1, messages))  # the first session of a process loads what it needs
        if arguments.churn:
            report["churn"] = asyncio.run(churn(child.address, arguments.churn, messages))
        if arguments.hours:
            report["long"] = asyncio.run(long_session(child.address, arguments.hours, messages))
    print(json.dumps(report))


if __name__ == "__main__":
    main()
