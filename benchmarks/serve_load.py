"""How a live server holds up: N clients play recordings at real time, each from a random place.

    soundflow serve --port 8000 &
    python benchmarks/serve_load.py --url ws://127.0.0.1:8000/v1/realtime --sessions 16 --seconds 30

Prints one JSON object. Times are the server's own `latency_ms` (last sample of a chunk in to decision out); a decision
later than one chunk counts as stalled; a chunk that no decision covers counts as lost. First-text times are the
client's: from the newest block sent when `response.speak` came to the first delta. Seeded; nothing is stored.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import platform
import random
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from websockets.asyncio.client import ClientConnection, connect

from soundflow.api import examples, open_source
from soundflow.audio.pcm import to_s16le

RATE = 16_000  # Hz
BLOCK = 1_600  # samples a message: 0.1 s
CHUNK = 6_400  # samples of nano's 0.4 s
FORMAT = {"audio": {"input": {"format": {"type": "audio/pcm", "rate": RATE}}}, "soundflow": {"events": True}}


@dataclass
class Heard:
    """What one client was told."""

    latencies_ms: list[float] = field(default_factory=list)
    first_text_ms: list[float] = field(default_factory=list)
    sent_chunks: int = 0
    decided_chunks: int = 0
    errors: list[str] = field(default_factory=list)


async def play(url: str, pcm: bytes, place: int, delay: float, seconds: float) -> Heard:
    """One client: sound at real time from `place` on, round and round, then its end."""
    heard = Heard()
    await asyncio.sleep(delay)
    async with connect(url, compression=None) as socket:
        await socket.send(json.dumps({"type": "session.update", "session": FORMAT}))
        reading = asyncio.create_task(read(socket, heard))
        begun, blocks = time.perf_counter(), round(seconds * RATE / BLOCK)
        for number in range(blocks):
            at = (place + number * BLOCK * 2) % (len(pcm) - 2 * BLOCK)
            audio = base64.b64encode(pcm[at - at % 2 : at - at % 2 + 2 * BLOCK]).decode()
            await asyncio.sleep(max(0.0, begun + (number + 1) * BLOCK / RATE - time.perf_counter()))
            await socket.send(json.dumps({"type": "input_audio_buffer.append", "audio": audio}))
        heard.sent_chunks = -(-blocks * BLOCK // CHUNK)
        await socket.send(json.dumps({"type": "soundflow.end"}))
        await reading
    return heard


async def read(socket: ClientConnection, heard: Heard) -> None:
    """Collect what is told until the socket closes."""
    spoken_at: float | None = None
    async for text in socket:
        event = json.loads(text)
        if event["type"] in ("response.listen", "response.speak"):
            heard.latencies_ms.append(event["latency_ms"])
            heard.decided_chunks += event["chunks"]
            spoken_at = time.perf_counter() if event["type"] == "response.speak" else spoken_at
        elif event["type"] == "response.output_text.delta" and spoken_at is not None:
            heard.first_text_ms.append(1000 * (time.perf_counter() - spoken_at))
            spoken_at = None
        elif event["type"] == "error":
            heard.errors.append(event["error"]["code"])


def shares(values: list[float]) -> dict[str, float] | None:
    """Median, 95th and 99th percentile."""
    if not values:
        return None
    return {f"p{share}": round(float(np.percentile(values, share)), 1) for share in (50, 95, 99)}


def report(clients: list[Heard], arguments: argparse.Namespace) -> dict[str, Any]:
    """All clients together."""
    latencies = [value for heard in clients for value in heard.latencies_ms]
    return {
        "sessions": arguments.sessions,
        "seconds": arguments.seconds,
        "seed": arguments.seed,
        "decisions": len(latencies),
        "decision_ms": shares(latencies),
        "stalled_percent": round(100 * float(np.mean([value > 400 for value in latencies] or [0])), 2),
        "lost_chunks": sum(heard.sent_chunks - heard.decided_chunks for heard in clients),
        "speak_to_first_text_ms": shares([value for heard in clients for value in heard.first_text_ms]),
        "errors": sorted(code for heard in clients for code in heard.errors),
        "machine": f"{os.cpu_count()} cores, load before {os.getloadavg()[0]:.1f}, Python {platform.python_version()}",
    }


async def run(arguments: argparse.Namespace) -> list[Heard]:
    """All clients at once, their phases spread over two seconds."""
    chance = random.Random(arguments.seed)
    sounds = [_pcm(name) for name in examples()]
    plays = []
    for _ in range(arguments.sessions):
        pcm = chance.choice(sounds)
        place, delay = chance.randrange(len(pcm)), chance.uniform(0, 2)
        plays.append(play(arguments.url, pcm, place, delay, arguments.seconds))
    return await asyncio.gather(*plays)


def _pcm(name: str) -> bytes:
    sound: NDArray[np.float32] = np.concatenate(list(open_source(name, CHUNK)))
    return to_s16le(sound)


def main() -> None:
    """Read the command line, play, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="ws://127.0.0.1:8000/v1/realtime")
    parser.add_argument("--sessions", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    print(json.dumps(report(asyncio.run(run(arguments)), arguments)))


if __name__ == "__main__":
    main()
