"""The same load over sockets: clients of a running server, each at real time, timed by the clients themselves.

The generator is one thread with an event loop. What the server spent is read from its `/metrics`, where it has them:
processor time, stalls, passes. Needs the extra `[serve]`. Tests: tests/bench/test_load_wire.py.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import json
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import numpy as np
from numpy.typing import NDArray
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus, WebSocketException

from soundflow.audio.pcm import SAMPLE_RATE, to_s16le
from soundflow.bench.load import check_sound
from soundflow.bench.load_measures import Load, LoadReport, SessionLog, Spent, summarise
from soundflow.errors import OutsideError, UsageError
from soundflow.stream.clock import WallClock
from soundflow.stream.events import Decision, Error, Event, ReplyDelta, ReplyEnd, ReplyStart

Samples = NDArray[np.float32]

_PATIENCE_SECONDS = 120.0  # for filling a window, or for what is under way at the end
_OPEN_SECONDS = 60.0  # for a socket to open while many do
_AT_ONCE = 32  # sockets that are opened together


@dataclass(frozen=True)
class Address:
    """Where a server is, and the key it asks for, if it asks for one."""

    socket: str  # ws://HOST:PORT/v1/realtime
    metrics: str  # http://HOST:PORT/metrics
    key: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        """What goes with every request."""
        return {} if self.key is None else {"Authorization": f"Bearer {self.key}"}


def address_of(url: str, key: str | None = None) -> Address:
    """Read a server's address as a person writes it, with or without the path.

    Raises:
        UsageError: no http, https, ws or wss address (`load.url`).
    """
    parts = urlsplit(url)
    secure = {"ws": "", "http": "", "wss": "s", "https": "s"}.get(parts.scheme)
    if secure is None or not parts.netloc:
        raise UsageError("load.url", f"{url} is no address of a server", "give ws://HOST:PORT/v1/realtime")
    path = parts.path if parts.path not in ("", "/") else "/v1/realtime"
    socket = urlunsplit((f"ws{secure}", parts.netloc, path, parts.query, ""))
    return Address(socket, urlunsplit((f"http{secure}", parts.netloc, "/metrics", "", "")), key)


def run_wire_load(address: Address, sound: Samples, load: Load, chunk_seconds: float = 0.4) -> LoadReport:
    """Play `sound` in a circle to every session of a server, each from a place and with a phase of its own.

    Args:
        sound: float32 [n], 16 kHz mono, at least one chunk.
        chunk_seconds: of the server's model; each session's `capabilities` must say the same.

    Raises:
        UsageError: no sound (`load.values`).
        OutsideError: a session is refused, breaks, or is not decided any more (`load.refused`, `.broken`, `.stuck`).
    """
    check_sound(sound, round(chunk_seconds * SAMPLE_RATE))
    messages = block_messages(sound, load.block_seconds)
    with asyncio.Runner(loop_factory=_fast_loop()) as runner:
        return runner.run(_run(address, messages, load, chunk_seconds))


def _fast_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop where it is installed: the generator counts on the cores it measures. None is asyncio's own."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def block_messages(sound: Samples, block_seconds: float) -> list[str]:
    """The circle of sound as messages, one a block, written once for all sessions."""
    block = round(block_seconds * SAMPLE_RATE)
    pcm = to_s16le(sound[: len(sound) // block * block])
    pieces = (pcm[start : start + 2 * block] for start in range(0, len(pcm), 2 * block))
    return [
        json.dumps({"type": "input_audio_buffer.append", "audio": base64.b64encode(piece).decode()}) for piece in pieces
    ]


class WireReader:
    """Turns a server's events into those a stream gives, so that both are measured alike."""

    def __init__(self) -> None:
        self._chunk = -1  # the newest that was decided
        self._reply = itertools.count()

    def read(self, event: Mapping[str, Any]) -> Event | None:
        """One event; None for those that are not measured."""
        match event["type"]:
            case "response.listen" | "response.speak":
                self._chunk = event["chunk"]
                name = "silent" if event["type"] == "response.listen" else "response"
                place = (event["chunk"], event["start"], event["end"])
                return Decision(*place, name, event["p_response"], event["latency_ms"], event["chunks"])  # type: ignore[arg-type]
            case "response.created":
                return ReplyStart(next(self._reply), self._chunk, 0.0, None)
            case "response.output_text.delta" | "response.output_audio_transcript.delta":
                return ReplyDelta(0, event["delta"])
            case "response.done":
                return ReplyEnd(0, "", None, "eos", 0, None)
            case "error":
                return Error(str(event["error"]["code"]), "", "")
        return None


@dataclass(eq=False)
class _Client:
    """One socket and what came over it."""

    socket: ClientConnection
    messages: Sequence[str]
    place: int  # block it plays first
    log: SessionLog
    reading: asyncio.Task[None]
    decided: asyncio.Event = field(default_factory=asyncio.Event)
    late_ms: list[float] = field(default_factory=list)

    async def play(self, block: int) -> None:
        await self.socket.send(self.messages[(self.place + block) % len(self.messages)])

    async def until(self, chunks: int) -> None:
        """Until so many chunks are decided, or the socket is gone."""
        while self.log.newest < chunks - 1 and not self.reading.done():
            self.decided.clear()
            try:
                await asyncio.wait_for(self.decided.wait(), _PATIENCE_SECONDS)
            except TimeoutError as e:
                hint = "play fewer sessions on this machine"
                raise OutsideError("load.stuck", f"no decision in {_PATIENCE_SECONDS:.0f} s", hint) from e


async def _run(address: Address, messages: Sequence[str], load: Load, chunk_seconds: float) -> LoadReport:
    rng, clock = np.random.default_rng(load.seed), WallClock()
    places = rng.integers(len(messages), size=load.sessions)
    async with contextlib.AsyncExitStack() as stack:
        clients: list[_Client] = []
        for start in range(0, load.sessions, _AT_ONCE):
            opening = [
                stack.enter_async_context(_client(address, messages, int(place), load, chunk_seconds))
                for place in places[start : start + _AT_ONCE]
            ]
            # all are waited for, so that one that is refused leaves none half open
            opened = await asyncio.gather(*opening, return_exceptions=True)
            for client in opened:
                if isinstance(client, BaseException):
                    raise client
                clients.append(client)
        warm_blocks = round(load.warm_chunks * chunk_seconds / load.block_seconds)
        await asyncio.gather(*(_warm(client, warm_blocks, load.warm_chunks) for client in clients))
        before, cpu = await _figures(address), time.process_time()
        began = clock.now() + 0.1
        phases = rng.uniform(0, chunk_seconds, len(clients))
        await asyncio.gather(*(_timed(c, began + p, warm_blocks, load) for c, p in zip(clients, phases, strict=True)))
        wall, used = clock.now() - began, time.process_time() - cpu
        spent = _spent(before, await _figures(address), wall, used)
    return summarise(load, [client.log for client in clients], spent, [ms for c in clients for ms in c.late_ms])


@contextlib.asynccontextmanager
async def _client(
    address: Address, messages: Sequence[str], place: int, load: Load, chunk_seconds: float
) -> AsyncIterator[_Client]:
    try:
        socket = await connect(
            address.socket,
            additional_headers=address.headers,
            compression=None,
            max_queue=None,
            open_timeout=_OPEN_SECONDS,
        )
    except InvalidStatus as e:
        found = f"the server answered {e.response.status_code}"
        raise OutsideError("load.refused", found, "allow it more sessions, or give it a key with --key-file") from e
    except (OSError, WebSocketException) as e:
        hint = "start it: soundflow serve"
        raise OutsideError("load.refused", f"no server at {address.socket}: {type(e).__name__}", hint) from e
    async with socket:
        created = json.loads(await socket.recv())
        period = created["session"].get("capabilities", {}).get("chunk_period_ms")
        if period is not None and period != round(1000 * chunk_seconds):
            found = f"the server decides every {period} ms, not every {1000 * chunk_seconds:.0f}"
            raise OutsideError("load.refused", found, "measure a server of a model with chunks of 0.4 s")
        await socket.send(json.dumps({"type": "session.update", "session": _settings(load)}))
        log = SessionLog(chunk_seconds, load.warm_chunks)
        client = _Client(socket, messages, place, log, asyncio.create_task(asyncio.sleep(0)))
        client.reading = asyncio.create_task(_read(client))
        try:
            yield client
        finally:
            client.reading.cancel()
            await asyncio.gather(client.reading, return_exceptions=True)


def _settings(load: Load) -> dict[str, Any]:
    own = {"events": True} | ({} if load.threshold is None else {"threshold": load.threshold})
    sound = {"input": {"format": {"type": "audio/pcm", "rate": SAMPLE_RATE}}}
    return {"type": "realtime", "audio": sound, "soundflow": own}


async def _read(client: _Client) -> None:
    """Note what comes until the socket closes."""
    reader, clock = WireReader(), WallClock()
    try:
        async for text in client.socket:
            event = reader.read(json.loads(text))
            if event is not None:
                client.log.note(event, clock.now())
                client.decided.set()
        client.log.errors.append("load.broken")  # it was we who should have closed it
    except WebSocketException:
        client.log.errors.append("load.broken")
    finally:
        client.decided.set()


async def _warm(client: _Client, blocks: int, chunks: int) -> None:
    for block in range(blocks):
        await client.play(block)
    await client.until(chunks)
    if client.reading.done():
        found = f"a session broke while its window was filled: {', '.join(client.log.errors)}"
        raise OutsideError("load.broken", found, "look at the server's log")


async def _timed(client: _Client, start: float, warm_blocks: int, load: Load) -> None:
    """Play in real time; a socket that breaks is counted, and the others go on."""
    clock = WallClock()
    client.log.started_at = start
    with contextlib.suppress(WebSocketException):
        for turn in range(load.blocks):
            due = start + (turn + 1) * load.block_seconds
            await asyncio.sleep(max(0.0, due - clock.now()))
            await client.play(warm_blocks + turn)
            client.late_ms.append(1e3 * (clock.now() - due))
        await client.until(load.warm_chunks + load.whole_chunks(client.log.chunk_seconds))


async def _figures(address: Address) -> Mapping[str, float]:
    return await asyncio.to_thread(server_figures, address)


def server_figures(address: Address) -> Mapping[str, float]:
    """What a server's `/metrics` say, by name and labels; empty where it has none."""
    request = urllib.request.Request(address.metrics, headers=address.headers)
    try:
        with urllib.request.urlopen(request, timeout=_OPEN_SECONDS) as answer:
            lines = answer.read().decode().splitlines()
        pairs = (line.rsplit(" ", 1) for line in lines if line and not line.startswith("#"))
        return {name: float(value) for name, value in pairs}
    except (OSError, ValueError, urllib.error.URLError):
        return {}


def _spent(before: Mapping[str, float], after: Mapping[str, float], wall: float, generator: float) -> Spent:
    def grown(name: str) -> float | None:
        return after[name] - before[name] if name in after and name in before else None

    def whole(name: str) -> int | None:
        return None if (value := grown(name)) is None else int(value)

    server = grown("soundflow_process_cpu_seconds_total")
    return Spent(
        wall_seconds=wall,
        cpu_seconds=None if server is None else server + generator,
        chunks=whole("soundflow_heard_chunks_total"),
        stalls=whole("soundflow_stalls_total"),
        encoder_passes=whole('soundflow_passes_total{network="encoder"}'),
        decoder_steps=whole("soundflow_steps_total"),
        decoder_passes=whole('soundflow_passes_total{network="decoder"}'),
    )
