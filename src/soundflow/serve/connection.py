"""One socket: messages in, events out, each within its bound of time. Tests: tests/serve/test_connection.py.

Two tasks share a session: one reads the client and one tells it what the stream said; whichever ends first ends both.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from soundflow.errors import OutsideError, SoundflowError, UsageError
from soundflow.serve.conversation import Conversation
from soundflow.serve.hall import Hall
from soundflow.serve.limits import ServeLimits
from soundflow.serve.metrics import Metrics
from soundflow.serve.rate import TokenBucket
from soundflow.serve.sessions import OpenStream, Stream
from soundflow.serve.wire import ServerEvent, read_message
from soundflow.stream.clock import WallClock

_log = logging.getLogger(__name__)


class Close(IntEnum):
    """Codes a socket is closed with. Source: RFC 6455, section 7.4; 1012 and 1013 from its registry."""

    done = 1000
    going_away = 1001
    limit = 1008
    fault = 1011
    later = 1013


@dataclass(frozen=True)
class House:
    """What all connections share."""

    hall: Hall
    limits: ServeLimits
    open_stream: OpenStream
    metrics: Metrics


class Connection:
    """Runs one session over an accepted socket."""

    def __init__(self, socket: WebSocket, conversation: Conversation, house: House) -> None:
        self._socket = socket
        self._conversation = conversation
        self._house = house
        self._limits = house.limits
        self._loop = asyncio.get_running_loop()
        self._told = asyncio.Event()  # the stream has events
        self._room = asyncio.Event()  # the stream is not too far behind
        self._room.set()
        self._sending = asyncio.Lock()

    async def run(self) -> None:
        """Serve until the client leaves, a limit is met, the stream ends or the server stops."""
        jobs = (self._read, self._tell, self._watch)
        tasks = [asyncio.create_task(job()) for job in jobs]
        code = Close.fault
        try:
            done, _ = await asyncio.wait(
                tasks, timeout=self._limits.session_seconds, return_when=asyncio.FIRST_COMPLETED
            )
            code = await self._outcome(done)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._conversation.close()
        await self._close(code)

    async def _outcome(self, done: set[asyncio.Task[Close]]) -> Close:
        if not done:
            return await self._over_limit("session_seconds", f"a session of {self._limits.session_seconds:.0f} s")
        task = next(iter(done))
        failure = task.exception()
        if failure is None:
            return task.result()
        if isinstance(failure, (WebSocketDisconnect, TimeoutError, OSError)):
            return Close.going_away  # gone, or too slow to be told
        _log.error("a connection failed", exc_info=failure)
        self._house.metrics.error("serve.internal")
        fault = OutsideError("serve.internal", "a fault of the server ended this session", "connect again")
        with contextlib.suppress(Exception):
            await self._send([self._conversation.failed(fault)])
        return Close.fault

    async def _read(self) -> Close:
        bucket = TokenBucket(self._limits.messages_per_second, self._limits.message_burst, WallClock())
        await self._send([self._conversation.created()])
        while True:
            try:
                frame = await asyncio.wait_for(self._socket.receive(), self._limits.idle_seconds)
            except TimeoutError:
                return await self._over_limit("idle_seconds", f"no message for {self._limits.idle_seconds:.0f} s")
            if frame["type"] == "websocket.disconnect":
                return Close.done
            if not bucket.take():
                rate = f"more than {self._limits.messages_per_second:.0f} messages a second"
                return await self._over_limit("messages_per_second", rate)
            text = frame.get("text")
            if (code := await self._receive(frame.get("bytes") or b"" if text is None else text)) is not None:
                return code
            await self._room.wait()

    async def _receive(self, text: str | bytes) -> Close | None:
        try:
            message = read_message(text)
            if self._conversation.needs_stream(message):
                # the first pass of the network must not hold up the others
                await asyncio.to_thread(self._conversation.attach, self._open)
        except OutsideError as failure:
            await self._send([self._conversation.failed(failure)])
            return Close.later
        except SoundflowError as failure:
            await self._send([self._conversation.failed(failure)])
            return None
        await self._send(self._conversation.receive(message))
        self._keep_room()
        return None

    def _open(self, instruction: str | None, threshold: float | None) -> Stream:
        return self._house.open_stream(instruction, threshold, self._wake)

    def _wake(self) -> None:
        # called from the engine's threads; the loop may be gone by then
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._told.set)

    async def _tell(self) -> Close:
        while not self._conversation.is_over:
            await self._told.wait()
            self._told.clear()
            for event in self._conversation.take():
                self._house.metrics.count(event)
                await self._send(self._conversation.tell(event))
            self._keep_room()
        return Close.going_away if self._house.hall.is_closing else Close.done

    async def _watch(self) -> Close:
        """When the server stops: let the stream say what it has, then end."""
        await self._house.hall.closing.wait()
        closing = OutsideError("serve.closing", "the server is stopping", "connect again in a moment")
        await self._send([self._conversation.failed(closing)])
        if not self._conversation.is_attached:
            return Close.going_away
        self._conversation.end()
        await asyncio.Event().wait()  # the teller ends the session with the stream's last event
        raise AssertionError("unreachable")

    def _keep_room(self) -> None:
        talk = self._conversation
        if not talk.is_over and (talk.is_behind or talk.ahead_seconds > self._limits.ahead_seconds):
            self._room.clear()
        else:
            self._room.set()

    async def _over_limit(self, name: str, found: str) -> Close:
        failure = UsageError(f"limit.{name}", found, "the server's limits are in docs/how-to/serve.md")
        with contextlib.suppress(Exception):
            await self._send([self._conversation.failed(failure)])
        return Close.limit

    async def _send(self, events: Sequence[ServerEvent]) -> None:
        for event in events:
            if event["type"] == "error":
                self._house.metrics.error(event["error"]["code"])
            text = json.dumps(event, ensure_ascii=False, allow_nan=False)
            async with self._sending:
                await asyncio.wait_for(self._socket.send_text(text), self._limits.send_seconds)

    async def _close(self, code: Close) -> None:
        if self._socket.client_state is WebSocketState.DISCONNECTED:
            return
        with contextlib.suppress(Exception):
            await asyncio.wait_for(self._socket.close(int(code)), self._limits.send_seconds)
