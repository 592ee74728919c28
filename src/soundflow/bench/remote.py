"""A server as a system to be measured: any that speaks OpenAI's Realtime names over a WebSocket.

A server of the duplex family (it tells `chunk_period_ms`) gets sound as fast as it decides and says itself up to which
moment it had heard. Any other gets it in real time, and a reply starts where the sound was when it was created. The
time to the first text counts from `response.created`. Tests: tests/bench/test_remote.py.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

import numpy as np
import soxr
from numpy.typing import NDArray

from soundflow.audio.pcm import SAMPLE_RATE, to_s16le
from soundflow.bench.scoring import SpokenReply
from soundflow.bench.systems import System
from soundflow.errors import OutsideError, UsageError
from soundflow.stream.clock import Clock, WallClock

Samples = NDArray[np.float32]
Event = Mapping[str, Any]

THEIR_RATE = 24_000  # Hz: the only one of OpenAI's names that every server takes
BLOCK_SECONDS = 0.4  # of sound in a message
AHEAD_SECONDS = 4.0  # a duplex server is sent no more than this beyond its newest decision
TAIL_SECONDS = 4.0  # of silence after the sound for a server that cannot be told the end
PATIENCE_SECONDS = 60.0  # without any event, after which a server counts as gone
_TEXT_DONE = ("response.output_text.done", "response.output_audio_transcript.done")
_TEXT_DELTA = ("response.output_text.delta", "response.output_audio_transcript.delta")


@dataclass(frozen=True)
class Address:
    """Where a server is, and the key it asks for."""

    url: str
    key: str = ""

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("ws", "wss") or not parts.netloc:
            raise UsageError("remote.address", f"{self.url!r} is no address", "write ws://HOST:PORT/v1/realtime")


class Socket(Protocol):
    """What is needed of a connection; `websockets.sync` has it."""

    def send(self, message: str) -> None:
        """Send one text frame."""
        ...

    def recv(self, timeout: float | None = None) -> str | bytes:
        """The next frame.

        Raises:
            TimeoutError: none came in time.
        """
        ...


Open = Callable[[Address], AbstractContextManager[Socket]]


@dataclass
class Ear:
    """What a server told so far: up to where it heard, and the replies that are over."""

    heard_until: float = 0.0
    is_over: bool = False
    replies: list[SpokenReply] = field(default_factory=list)
    _starts: dict[str, float] = field(default_factory=dict)
    _texts: dict[str, str] = field(default_factory=dict)
    _created: dict[str, float] = field(default_factory=dict)
    _first: dict[str, float] = field(default_factory=dict)

    @property
    def is_speaking(self) -> bool:
        """Whether a reply has begun and is not over."""
        return bool(self._starts)

    def take(self, event: Event, sent_seconds: float, now: float) -> None:
        """One event of the server.

        Args:
            sent_seconds: of sound, when it came.
            now: seconds of any clock.

        Raises:
            OutsideError: the server complains (`remote.refused`).
        """
        kind, reply = str(event.get("type")), str(event.get("response_id", ""))
        if kind in ("response.listen", "response.speak"):
            self.heard_until = float(event["end"])
            if kind == "response.speak":
                self._starts[reply] = self.heard_until
        elif kind == "response.created":
            name = str(event["response"]["id"])
            self._created[name] = now
            self._starts.setdefault(name, sent_seconds)
        elif kind in _TEXT_DELTA:
            self._first.setdefault(reply, now)
        elif kind in _TEXT_DONE:
            said = str(event.get("text", event.get("transcript", "")))
            self._texts[reply] = (self._texts.get(reply, "") + " " + said).strip()
        elif kind == "response.done":
            self._end(str(event["response"]["id"]))
        elif kind == "soundflow.end":
            self.is_over = True
        elif kind == "error":
            raise _refused(event)

    def _end(self, name: str) -> None:
        start = self._starts.pop(name, None)
        created, first = self._created.pop(name, None), self._first.pop(name, None)
        if start is not None:
            after = None if created is None or first is None else first - created
            self.replies.append(SpokenReply(start, self._texts.pop(name, ""), after))


def remote_system(
    address: Address, threshold: float | None = None, open_socket: Open | None = None, clock: Clock | None = None
) -> System:
    """A server as a system: a fresh connection over each stream.

    Args:
        threshold: asked of servers of ours; others know none.
        open_socket: how a connection is made; None makes a real one.
        clock: what real time is measured by, for servers that need it.
    """

    def hear(samples: Samples, instruction: str | None) -> list[SpokenReply]:
        with (open_socket or connect)(address) as socket:
            return _Stream(socket, clock or WallClock(), address).play(samples, instruction, threshold)

    # A digest, for an address may hold a key; which model answers there is more than we can know.
    weights = hashlib.sha256(address.url.encode()).hexdigest()
    return System(urlsplit(address.url).netloc, hear, threshold, weights)


@contextmanager
def connect(address: Address) -> Iterator[Socket]:
    """A real connection, closed at the end.

    Raises:
        OutsideError: nobody answers there, or it lets nobody in (`remote.away`).
    """
    from websockets.exceptions import WebSocketException
    from websockets.sync.client import connect as open_socket

    headers = {"Authorization": f"Bearer {address.key}"} if address.key else {}
    with ExitStack() as stack:
        try:
            opening = open_socket(address.url, additional_headers=headers, compression=None, max_size=None)
            socket = stack.enter_context(opening)
        except (OSError, WebSocketException) as error:
            hint = "is it running, and is the key in SOUNDFLOW_ENDPOINT_KEY right?"
            raise OutsideError("remote.away", f"{address.url} cannot be reached: {error}", hint) from error
        yield socket


class _Stream:
    """One stream to one server."""

    def __init__(self, socket: Socket, clock: Clock, address: Address) -> None:
        self._socket, self._clock, self._address = socket, clock, address
        self._ear = Ear()
        self._sent_seconds = 0.0

    def play(self, samples: Samples, instruction: str | None, threshold: float | None) -> list[SpokenReply]:
        session = self._await("session.created")["session"]
        is_duplex, is_ours = "capabilities" in session, "soundflow" in session
        rate = SAMPLE_RATE if is_ours else THEIR_RATE
        self._send(type="session.update", session=settings(instruction, threshold, rate, is_ours))
        self._await("session.updated")
        tail = 0.0 if is_ours else TAIL_SECONDS
        begun = self._clock.now()
        for block in _blocks(samples, tail, rate):
            if not is_duplex:
                self._clock.wait_until(begun + self._sent_seconds + len(block) / rate)
            self._send(type="input_audio_buffer.append", audio=base64.b64encode(to_s16le(block)).decode())
            self._sent_seconds += len(block) / rate
            self._drain(self._sent_seconds - AHEAD_SECONDS if is_duplex else None)
        if is_ours:
            self._send(type="soundflow.end")
        while not self._ear.is_over if is_ours else self._ear.is_speaking:
            self._take(PATIENCE_SECONDS)
        return sorted(self._ear.replies, key=lambda reply: reply.at)

    def _drain(self, until: float | None) -> None:
        """Take what is there; wait while the server is further behind than `until` and is not speaking."""
        while self._take(0.0):
            pass
        while until is not None and self._ear.heard_until < until and not self._ear.is_speaking:
            self._take(PATIENCE_SECONDS)

    def _take(self, timeout: float) -> bool:
        event = self._receive(timeout)
        if event is not None:
            self._ear.take(event, self._sent_seconds, self._clock.now())
        elif timeout:
            raise self._gone(f"nothing came for {timeout:g} s")
        return event is not None

    def _await(self, kind: str) -> Event:
        while (event := self._receive(PATIENCE_SECONDS)) is not None:
            if event.get("type") == kind:
                return event
            if event.get("type") == "error":
                raise _refused(event)
        raise self._gone(f"no {kind} came")

    def _receive(self, timeout: float) -> Event | None:
        try:
            found = json.loads(self._socket.recv(timeout=timeout))
        except TimeoutError:
            return None
        except ValueError as error:
            raise self._gone("it sent no JSON") from error
        except Exception as error:  # the client's own errors have no root that could be named without importing it
            raise self._gone(f"it left: {error}") from error
        return found if isinstance(found, dict) else {}

    def _send(self, **message: Any) -> None:
        try:
            self._socket.send(json.dumps(message))
        except Exception as error:  # as above
            raise self._gone(f"it left: {error}") from error

    def _gone(self, found: str) -> OutsideError:
        return OutsideError("remote.gone", f"{self._address.url}: {found}", "look at the server's own log")


def settings(instruction: str | None, threshold: float | None, rate: int, is_ours: bool) -> dict[str, Any]:
    """What a session is asked for: text, PCM of that rate, and our own events from servers that have them."""
    audio = {"input": {"format": {"type": "audio/pcm", "rate": rate}}}
    asked: dict[str, Any] = {"type": "realtime", "output_modalities": ["text"], "audio": audio}
    if instruction is not None:
        asked["instructions"] = instruction
    if is_ours:
        asked["soundflow"] = {"events": True} | ({} if threshold is None else {"threshold": threshold})
    return asked


def _blocks(samples: Samples, tail_seconds: float, rate: int) -> Iterator[Samples]:
    whole = np.concatenate([samples, np.zeros(round(tail_seconds * SAMPLE_RATE), np.float32)])
    sent: Samples = whole if rate == SAMPLE_RATE else np.asarray(soxr.resample(whole, SAMPLE_RATE, rate), np.float32)
    size = round(BLOCK_SECONDS * rate)
    return (sent[start : start + size] for start in range(0, len(sent), size))


def _refused(event: Event) -> OutsideError:
    error = event.get("error") or {}
    found = f"the server says {error.get('code')}: {error.get('message')}"
    return OutsideError("remote.refused", found, "see its documentation")
