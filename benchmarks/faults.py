"""What a live server does when things go wrong: each fault is really done to it, beside a session that must not notice.

    python benchmarks/faults.py [--model nano] [--crowd 10000] [--frame-mb 100] [--markdown]

Prints a row for each fault: what was done, what happened. Exit code 1 when one of them harmed the witness, a newcomer
or the server. The server runs in this process, on a free port, with short limits so that nothing has to be waited for
long. The test suite does the same with a scripted model (tests/serve/test_faults.py).
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import json
import random
import socket
import struct
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from soundflow.bench.machine import describe_machine, resident_mb
from soundflow.model.bundle import Bundle
from soundflow.serve.background import Background, in_background
from soundflow.serve.limits import ServeLimits
from soundflow.serve.logs import log_to
from soundflow.stream.engine import Engine, EngineLimits

SESSIONS = 32  # the server's limit while faults are done to it
LIMITS = ServeLimits(
    sessions=SESSIONS,
    sessions_per_key=SESSIONS,
    send_seconds=1.0,
    ping_seconds=2.0,
    resume_seconds=0.5,
    drain_seconds=2.0,
    message_burst=4000,
)
CHUNK_BYTES = 2 * 6400  # 0.4 s of pcm16 at 16 kHz
PATIENCE = 60.0  # seconds after which something has gone wrong
FORMAT = {"type": "realtime", "audio": {"input": {"format": {"type": "audio/pcm", "rate": 16_000}}}}
NOISE_SEED = 12


@dataclass(frozen=True)
class Scene:
    """A running server, the model it runs on, and how large the faults are."""

    running: Background
    bundle: Bundle
    crowd: int = 10_000
    frame_bytes: int = 100 * 2**20

    @property
    def ws(self) -> str:
        return f"ws://127.0.0.1:{self.running.port}/v1/realtime"

    @property
    def sessions(self) -> int:
        return self.running.server.hall.sessions


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong: how it is called, and what does it and says what happened."""

    name: str
    do: Callable[[Scene], Awaitable[str]]


class Talk:
    """A client that sends chunks and waits for what it is told."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def send(self, **event: Any) -> None:
        await self.connection.send(json.dumps(event))

    async def chunk(self, chunks: int = 1) -> None:
        """Send noise, so that no chunk is like another."""
        sound = base64.b64encode(random.Random(NOISE_SEED).randbytes(CHUNK_BYTES * chunks)).decode()
        await self.send(type="input_audio_buffer.append", audio=sound)

    async def next(self, *kinds: str) -> dict[str, Any]:
        while True:
            event: dict[str, Any] = json.loads(await asyncio.wait_for(self.connection.recv(), PATIENCE))
            if event["type"] in kinds:
                return event
            check(event["type"] != "error", f"told of {event.get('error')}")

    async def decided(self) -> None:
        """Send a chunk and wait until it is decided."""
        await self.chunk()
        await self.next("response.listen", "response.speak")


@contextlib.asynccontextmanager
async def talking(scene: Scene) -> AsyncIterator[Talk]:
    async with connect(scene.ws, compression=None, max_queue=None, max_size=None) as connection:
        talk = Talk(connection)
        await talk.send(type="session.update", session=FORMAT)
        await talk.next("session.updated")
        yield talk


async def until(is_so: Callable[[], bool], patience: float = PATIENCE) -> float:
    """How many seconds it took until something was so."""
    began = time.perf_counter()
    while not is_so():
        if time.perf_counter() - began > patience:
            raise TimeoutError("it never came to that")
        await asyncio.sleep(0.01)
    return time.perf_counter() - began


async def raw_socket(scene: Scene, receive_buffer: int = 0) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A socket that is open on the wire and answers nothing by itself."""
    plain = socket.socket()
    if receive_buffer:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    plain.setblocking(False)
    await asyncio.get_running_loop().sock_connect(plain, ("127.0.0.1", scene.running.port))
    reader, writer = await asyncio.open_connection(sock=plain, limit=2**12)
    key = base64.b64encode(bytes(16)).decode()
    head = f"GET /v1/realtime HTTP/1.1\r\nHost: 127.0.0.1:{scene.running.port}\r\nUpgrade: websocket\r\n"
    writer.write(f"{head}Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode())
    await reader.readuntil(b"\r\n\r\n")
    return reader, writer


def frame_head(length: int) -> bytes:
    """The head of a text frame of so many bytes, masked with zeros: what follows stands as it is."""
    return b"\x81\xff" + struct.pack(">Q", length) + bytes(4)


async def vanishes(scene: Scene) -> str:
    async with talking(scene) as talk:
        await talk.send(type="response.create")
        await talk.next("response.created", "response.speak")
        talk.connection.transport.abort()
    before = scene.running.engine.sessions
    took = await until(lambda: scene.running.engine.sessions == 1)
    return f"kept for a client that comes back (`resume_seconds`), then closed: {before} → 1 sessions in {took:.1f} s"


async def half_open(scene: Scene) -> str:
    _, writer = await raw_socket(scene)  # never reads, so it never answers a ping
    await until(lambda: scene.sessions == 2)
    took = await until(lambda: scene.sessions == 1)
    writer.close()
    return f"no answer to a ping: closed after {took:.1f} s (`ping_seconds` {LIMITS.ping_seconds} here)"


async def slow_reader(scene: Scene) -> str:
    _, writer = await raw_socket(scene, receive_buffer=4096)
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    settings = json.dumps({"type": "session.update", "session": {"instructions": "x" * 3900}}).encode()
    with contextlib.suppress(ConnectionError, TimeoutError):
        for _ in range(3000):
            writer.write(frame_head(len(settings)) + settings)
            await asyncio.wait_for(writer.drain(), 0.2)
    await until(lambda: scene.sessions == 1)
    writer.transport.abort()
    return f"reads nothing while 4 KB are told it at a time: dropped (`send_seconds` {LIMITS.send_seconds:.0f}, pings)"


async def garbage(scene: Scene) -> str:
    noise = random.Random(NOISE_SEED)
    ends: Counter[str] = Counter()
    for _ in range(50):
        reader, writer = await raw_socket(scene)
        writer.write(noise.randbytes(500))
        with contextlib.suppress(ConnectionError):
            writer.write_eof()
            told = await asyncio.wait_for(reader.read(), PATIENCE)
            ends["closed" if told else "dropped"] += 1
        writer.close()
    reader, writer = await asyncio.open_connection("127.0.0.1", scene.running.port)
    writer.write(noise.randbytes(2000) + b"\r\n\r\n")
    answer = (await asyncio.wait_for(reader.read(200), PATIENCE)).split(b"\r\n")[0].decode(errors="replace")
    writer.close()
    await until(lambda: scene.sessions == 1)
    return f"50 sockets with random frames: {ends.total()} ended by the server; random bytes instead of HTTP: {answer}"


async def huge_frame(scene: Scene) -> str:
    reader, writer = await raw_socket(scene)
    before, sent, piece = resident_mb(), 0, b"x" * 2**16
    writer.write(frame_head(scene.frame_bytes))
    with contextlib.suppress(ConnectionError):
        while sent < scene.frame_bytes and not reader.at_eof():
            writer.write(piece)
            await writer.drain()
            sent += len(piece)
    told = await asyncio.wait_for(_rest_of(reader), PATIENCE)
    writer.close()
    await until(lambda: scene.sessions == 1)
    grown = resident_mb() - before
    check(b"\x03\xf1" in told or sent < scene.frame_bytes, "the frame was swallowed")
    check(grown < 50, f"memory grew by {grown:.0f} MiB")
    return f"closed (1009) at the frame's head, after {sent / 2**20:.1f} MiB; memory {grown:+.0f} MiB"


async def _rest_of(reader: asyncio.StreamReader) -> bytes:
    with contextlib.suppress(ConnectionError):
        return await reader.read()
    return b""


async def wrong_json(scene: Scene) -> str:
    texts = (
        "{",
        "[]",
        '{"type":3}',
        '{"type":"no.such.event"}',
        "[" * 100_000,
        '{"a":NaN}',
        '{"type":"session.update"}',
    )
    codes: Counter[str] = Counter()
    async with talking(scene) as talk:
        for text in texts:
            await talk.connection.send(text)
            codes[(await talk.next("error"))["error"]["code"]] += 1
        await talk.connection.send(b"\x00\xff")
        codes[(await talk.next("error"))["error"]["code"]] += 1
        await talk.decided()
    told = ", ".join(f"`{code}` × {count}" for code, count in sorted(codes.items()))
    return f"{told}; the session goes on"


async def wrong_rate(scene: Scene) -> str:
    wrong = {"type": "realtime", "audio": {"input": {"format": {"type": "audio/pcm", "rate": 44_100}}}}
    async with talking(scene) as talk:
        await talk.send(type="session.update", session=wrong)
        code = (await talk.next("error"))["error"]["code"]
        await talk.decided()
    return f"`{code}`, the format stays as it was; sound that lies about its rate is heard at the wrong pitch"


async def crowd(scene: Scene) -> str:
    """The crowd comes from this loop, which is why pings are not too short."""
    answers: Counter[str] = Counter()
    release = asyncio.Event()
    turn = asyncio.Semaphore(200)

    async def come() -> None:
        try:
            async with turn:
                connection = await connect(scene.ws, compression=None, open_timeout=PATIENCE)
        except InvalidStatus as refused:
            answers[str(refused.response.status_code)] += 1
            return
        except (OSError, WebSocketException) as failed:
            answers[type(failed).__name__] += 1
            return
        answers["in"] += 1
        async with connection:
            await release.wait()

    began = time.perf_counter()
    coming = [asyncio.create_task(come()) for _ in range(scene.crowd)]
    await until(lambda: answers.total() == scene.crowd, 10 * PATIENCE)
    took = time.perf_counter() - began
    release.set()
    await asyncio.gather(*coming)
    await until(lambda: scene.sessions == 1)
    refused = answers["503"] + answers["429"]
    check(answers["in"] == SESSIONS - 1 and refused == scene.crowd - answers["in"], f"{dict(answers)}")
    return f"{answers['in']} let in up to the limit of {SESSIONS}, {refused:,} answered 503 or 429 in {took:.0f} s"


async def worker_dies(scene: Scene, method: str) -> str:
    """One pass of a network takes its thread with it; the witness sends nothing meanwhile."""
    network: Any = scene.bundle.network
    own, armed = getattr(network, method), [True]

    def deadly(*given: Any) -> Any:
        if armed and armed.pop():
            raise SystemExit
        return own(*given)

    async with talking(scene) as talk:
        await talk.decided()
        setattr(network, method, deadly)
        try:
            await talk.send(type="response.create")
            await talk.chunk()
            code = (await talk.next("error"))["error"]["code"]
            with contextlib.suppress(ConnectionClosed):
                await talk.next("the end")
            closed = talk.connection.close_code
        finally:
            setattr(network, method, own)
    restarts = scene.running.engine.statistics.workers_restarted
    check(restarts > 0, "no worker was replaced")
    return f"the session in its hands is told `{code}` and closed ({closed}); a new thread takes over"


async def encoder_dies(scene: Scene) -> str:
    return await worker_dies(scene, "encode")


async def decoder_dies(scene: Scene) -> str:
    return await worker_dies(scene, "logits")


async def clock_jumps(scene: Scene) -> str:
    real = time.time
    async with talking(scene) as talk:
        try:
            for jump in (86_400.0, -86_400.0):
                time.time = lambda jump=jump: real() + jump  # type: ignore[misc]
                await talk.decided()
        finally:
            time.time = real
    return "a day ahead, a day back: nothing, all waiting is measured on the monotonic clock"


async def disk_full(scene: Scene) -> str:
    full = open("/dev/full", "w", encoding="utf-8")  # noqa: SIM115 - it cannot even be closed without an error
    log_to(full)
    try:
        async with talking(scene) as talk:
            await talk.decided()
        await until(lambda: scene.sessions == 1)
    finally:
        log_to(sys.stderr, level=50)
        with contextlib.suppress(OSError):
            full.close()
    return "the log's disk: lines are lost and nothing else, the server writes nothing but its log"


def check(is_so: bool, what: str) -> None:
    """Fail with a sentence."""
    if not is_so:
        raise AssertionError(what)


FAULTS = (
    Fault("A client vanishes in the middle of a reply", vanishes),
    Fault("A half-open socket: the other end is gone and says nothing", half_open),
    Fault("A client that does not read", slow_reader),
    Fault("Garbage instead of frames, garbage instead of HTTP", garbage),
    Fault("A frame of 100 MB", huge_frame),
    Fault("Wrong JSON, wrong types, binary frames", wrong_json),
    Fault("A sample rate we do not hear", wrong_rate),
    Fault("10,000 sessions are asked for", crowd),
    Fault("The thread that hears dies", encoder_dies),
    Fault("The thread that decides dies", decoder_dies),
    Fault("The wall clock jumps", clock_jumps),
    Fault("The disk is full", disk_full),
)


async def suffer(fault: Fault, scene: Scene) -> str:
    """Do one fault beside a witness, then let a newcomer in; what happened.

    Raises:
        AssertionError, TimeoutError, ConnectionClosed: somebody was harmed.
    """
    async with talking(scene) as witness:
        await witness.decided()
        happened = await fault.do(scene)
        await witness.decided()
        async with talking(scene) as newcomer:
            await newcomer.decided()
        await witness.send(type="soundflow.end")
        with contextlib.suppress(ConnectionClosed):
            await witness.next("error")
            raise AssertionError("the witness was told of an error")
    await until(lambda: scene.sessions == 0 and scene.running.engine.sessions == 0)
    return happened


def main() -> None:
    """Parse the command line, do every fault, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="nano")
    parser.add_argument("--crowd", type=int, default=10_000)
    parser.add_argument("--frame-mb", type=int, default=100)
    parser.add_argument("--markdown", action="store_true", help="a table for the documentation")
    arguments = parser.parse_args()
    from soundflow.api import load

    log_to(sys.stderr, level=50)  # our own faults are logged with their traces; they are meant here
    bundle, harmed = load(arguments.model).bundle, 0
    if arguments.markdown:
        print("| what was done | what happened |\n| --- | --- |")
    with (
        Engine(bundle, EngineLimits(sessions=SESSIONS)) as engine,
        in_background(engine, bundle, LIMITS) as running,
    ):
        scene = Scene(running, bundle, arguments.crowd, arguments.frame_mb * 2**20)
        for fault in FAULTS:
            try:
                happened = asyncio.run(suffer(fault, scene))
            except Exception as harm:
                happened, harmed = f"HARM: {type(harm).__name__}: {harm}", harmed + 1
            print(
                f"| {fault.name} | {happened} |" if arguments.markdown else f"{fault.name}\n    {happened}", flush=True
            )
    print(f"\n{len(FAULTS) - harmed} of {len(FAULTS)} harmed nobody · {describe_machine()}", file=sys.stderr)
    raise SystemExit(1 if harmed else 0)


if __name__ == "__main__":
    main()
