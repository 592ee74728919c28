"""One socket: messages in, events out, each within its bound of time. Tests: tests/serve/test_connection.py.

Two tasks share a session: one reads the client and one tells it what the stream said; whichever ends first ends both.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from soundflow.errors import OutsideError, SoundflowError, UsageError
from soundflow.serve.conversation import Conversation
from soundflow.serve.hall import Hall
from soundflow.serve.limits import ServeLimits
from soundflow.serve.metrics import Metrics
from soundflow.serve.rate import TokenBucket
from soundflow.serve.register import Register
from soundflow.serve.sessions import OpenStream, Stream
from soundflow.serve.speech import Spoken
from soundflow.serve.tenancy import Tenancy
from soundflow.serve.wire import Message, ServerEvent, read_message, write_event
from soundflow.stream.clock import WallClock
from soundflow.stream.events import Event

_log = logging.getLogger(__name__)
_LAST_WORDS_SECONDS = 1.0  # for a close frame to be found behind what is still unread; chosen
_COMES_BACK = 4000  # of the range for applications: a client gives a silent socket up and will resume


class Close(IntEnum):
    """Codes a socket is closed with. Source: RFC 6455, section 7.4; 1012 and 1013 from its registry."""

    done = 1000
    going_away = 1001
    limit = 1008
    fault = 1011
    later = 1013
    replaced = 4001  # of the range for applications: another socket took the session


@dataclass(frozen=True)
class House:
    """What all connections share."""

    hall: Hall
    limits: ServeLimits
    open_stream: OpenStream
    metrics: Metrics
    register: Register


class Connection:
    """Runs one session over an accepted socket; it may give the session up, and take up another.

    Args:
        must_resume: the socket came to take up a session and for nothing else.
    """

    def __init__(self, socket: WebSocket, tenancy: Tenancy, house: House, must_resume: bool = False) -> None:
        self._socket = socket
        self._tenancy = tenancy
        self._house = house
        self._limits = house.limits
        self._must_resume = must_resume
        self._loop = asyncio.get_running_loop()
        self._room = asyncio.Event()  # the stream is not too far behind
        self._room.set()
        self._sending = asyncio.Lock()

    @property
    def _conversation(self) -> Conversation:
        return self._tenancy.conversation

    async def run(self) -> None:
        """Serve until the client leaves, a limit is met, the stream ends, another socket comes or the server stops."""
        jobs = (self._read, self._tell, self._watch, self._yield)
        tasks = [asyncio.create_task(job()) for job in jobs]
        code: Close | None = Close.fault
        try:
            left = self._tenancy.began_at + self._limits.session_seconds - self._loop.time()
            done, _ = await asyncio.wait(tasks, timeout=max(0.0, left), return_when=asyncio.FIRST_COMPLETED)
            code = await self._outcome(done)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            farewell = self._tenancy.replaced() if code is Close.replaced else None
            self._hand_back(code)
        if farewell is not None:
            with contextlib.suppress(Exception):
                await self._put(write_event(farewell))
        await self._close(Close.going_away if code is None else code)

    def _hand_back(self, code: Close | None) -> None:
        if code is Close.replaced:
            self._house.register.hand_over(self._tenancy)
        elif code is None:
            self._house.register.release(self._tenancy)
        else:
            self._house.register.end(self._tenancy)

    async def _outcome(self, done: set[asyncio.Task[Close | None]]) -> Close | None:
        """How it ended; None when the socket dropped, so that the client may come back over another."""
        if not done:
            return await self._over_limit("session_seconds", f"a session of {self._limits.session_seconds:.0f} s")
        task = next(iter(done))
        failure = task.exception()
        if failure is None:
            return task.result()
        if isinstance(failure, (WebSocketDisconnect, TimeoutError, OSError)):
            return await self._last_words()
        _log.error("a connection failed", exc_info=failure)
        self._house.metrics.error("serve.internal")
        fault = OutsideError("serve.internal", "a fault of the server ended this session", "connect again")
        with contextlib.suppress(Exception):
            await self._send([self._conversation.failed(fault)])
        return Close.fault

    async def _last_words(self) -> Close | None:
        """Nothing can be sent any more: whether the client closed the socket or lost it."""
        with contextlib.suppress(Exception):
            async with asyncio.timeout(_LAST_WORDS_SECONDS):
                while True:
                    frame = await self._socket.receive()
                    if frame["type"] == "websocket.disconnect":
                        return self._left(frame)
        return None

    def _left(self, frame: Mapping[str, Any]) -> Close | None:
        """How it ended when the client closed the socket, or lost it.

        Who may not have its new token yet did not end the session: it closed a socket that it held for dead.
        """
        return None if _was_lost(frame) or not self._tenancy.is_confirmed else Close.done

    async def _read(self) -> Close | None:
        bucket = TokenBucket(self._limits.messages_per_second, self._limits.message_burst, WallClock())
        if not self._must_resume:
            await self._send([self._tenancy.created()])
        while True:
            patience = self._limits.send_seconds if self._must_resume else self._limits.idle_seconds
            try:
                async with asyncio.timeout(patience):  # `wait_for` makes a task of each wait
                    frame = await self._socket.receive()
            except TimeoutError:
                return await self._over_limit("idle_seconds", f"no message for {patience:.0f} s")
            if frame["type"] == "websocket.disconnect":
                return self._left(frame)
            if not bucket.take():
                rate = f"more than {self._limits.messages_per_second:.0f} messages a second"
                return await self._over_limit("messages_per_second", rate)
            self._tenancy.confirm()
            text = frame.get("text")
            if (code := await self._receive(frame.get("bytes") or b"" if text is None else text)) is not None:
                return code
            await self._room.wait()

    async def _receive(self, text: str | bytes) -> Close | None:
        try:
            message = read_message(text)
            if message["type"] == "session.resume":
                return await self._resume(message)
            self._check_seated(message)
            if self._conversation.needs_stream(message):
                # the first pass of the network must not hold up the others
                await asyncio.to_thread(self._conversation.attach, self._open)
        except OutsideError as failure:
            await self._send([self._conversation.failed(failure)])
            return Close.later
        except SoundflowError as failure:
            await self._send([self._conversation.failed(failure)])
            return Close.limit if self._must_resume else None
        if message["type"] == "session.event_ack":
            self._acknowledge(message)
            return None
        await self._send(self._conversation.receive(message))
        self._keep_room()
        return None

    def _check_seated(self, message: Message) -> None:
        if self._must_resume:
            found = f"{message['type'][:40]!r} over a socket that came to resume"
            raise UsageError(
                "realtime.resume_first", found, "send session.resume first, or connect without autostart=0"
            )

    def _acknowledge(self, message: Message) -> None:
        number = message.get("server_event_seq")
        if isinstance(number, int):
            self._tenancy.journal.acknowledge(number)

    async def _resume(self, message: Message) -> Close | None:
        """Take up the session that the client lost; the one it got with this socket is given up."""
        if self._conversation.is_attached:
            raise UsageError("realtime.resume_late", "session.resume in the middle of a session", "send it first")
        received = message.get("last_received_server_event_seq", 0)
        received = received if isinstance(received, int) else 0
        name, token = message.get("session_id"), message.get("resume_token")
        tenancy = await self._house.register.claim(name, token, self._tenancy.holder)
        missed = tenancy.journal.since(received)
        if missed is None:
            self._house.register.end(tenancy)
            await self._put(write_event(tenancy.lost()))
            return Close.done
        async with self._sending:
            given_up, self._tenancy = self._tenancy, tenancy
            self._must_resume = False
            self._house.register.end(given_up)
            given_up.told.set()  # whoever waits for the old one looks again
            given_up.wanted.set()
            for text in (write_event(tenancy.resumed()), *missed):
                await self._put(text)
        tenancy.told.set()
        self._keep_room()
        return None

    def _open(self, instruction: str | None, threshold: float | None) -> Stream:
        tenancy, loop = self._tenancy, self._loop

        def wake() -> None:
            # called from the engine's threads; the loop may be gone by then
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(tenancy.told.set)

        self._conversation.wake_with(wake)
        return self._house.open_stream(instruction, threshold, wake)

    async def _tell(self) -> Close | None:
        while not self._conversation.is_over:
            told = self._tenancy.told
            await told.wait()
            told.clear()
            # all of them before the first is sent: what is taken from the stream must not be lost with the socket
            await self._send([told for event in self._conversation.take() for told in self._told(event)])
            self._keep_room()
        async with self._sending:  # what is being told again comes first
            return Close.going_away if self._house.hall.is_closing else Close.done

    def _told(self, event: Event | Spoken) -> list[ServerEvent]:
        self._house.metrics.count(event)
        return self._conversation.tell(event)

    async def _watch(self) -> Close | None:
        """When the server stops: let the stream say what it has, then end."""
        await self._house.hall.closing.wait()
        closing = OutsideError("serve.closing", "the server is stopping", "connect again in a moment")
        await self._send([self._conversation.failed(closing)])
        if not self._conversation.is_attached:
            return Close.going_away
        self._conversation.end()
        await asyncio.Event().wait()  # the teller ends the session with the stream's last event
        raise AssertionError("unreachable")

    async def _yield(self) -> Close | None:
        """When another socket asks for the session."""
        while True:
            tenancy = self._tenancy
            await tenancy.wanted.wait()
            if tenancy is self._tenancy:
                return Close.replaced

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
        texts = [self._tenancy.record(event) for event in events]
        if not texts:
            return  # a reader must not wait for what somebody else is telling
        async with self._sending:  # in the order of their numbers: who asks first for the lock has it first
            for text in texts:
                await self._put(text)

    async def _put(self, text: str) -> None:
        async with asyncio.timeout(self._limits.send_seconds):
            await self._socket.send_text(text)

    async def _close(self, code: Close) -> None:
        if self._socket.client_state is WebSocketState.DISCONNECTED:
            return
        with contextlib.suppress(Exception):
            await asyncio.wait_for(self._socket.close(int(code)), self._limits.send_seconds)


def _was_lost(frame: Mapping[str, Any]) -> bool:
    """Whether a socket dropped, or was given up by a client that will resume, and was not closed for good.

    The web server tells a close frame's reason.
    """
    return frame.get("code") in (1006, _COMES_BACK) or (frame.get("code") == 1005 and "reason" not in frame)
