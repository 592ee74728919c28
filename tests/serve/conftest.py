"""Servers on a free port of this machine, in a thread of the test."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect

import soundflow
from soundflow.api import example_path, examples
from soundflow.model.bundle import Bundle
from soundflow.serve.admission import Policy
from soundflow.serve.app import Server
from soundflow.serve.background import Background, in_background
from soundflow.serve.limits import ServeLimits
from soundflow.stream.engine import Engine, EngineLimits

PATIENCE = 20.0  # seconds after which a test is broken, never waited for otherwise


@dataclass
class Running:
    """A server that runs, and how to reach it."""

    background: Background

    @property
    def port(self) -> int:
        return self.background.port

    @property
    def server(self) -> Server:
        return self.background.server

    @property
    def engine(self) -> Engine:
        return self.background.engine

    @property
    def ws(self) -> str:
        return f"ws://127.0.0.1:{self.port}/v1"

    @property
    def http(self) -> str:
        return self.background.url

    def stop(self) -> None:
        self.background.stop()

    def figure(self, name: str) -> float:
        """A metric's value by its full name and labels."""
        lines = self.server.metrics.text().decode().splitlines()
        return next(float(line.rsplit(" ", 1)[1]) for line in lines if line.rsplit(" ", 1)[0] == name)


@contextmanager
def serving(bundle: Bundle, limits: ServeLimits | None = None, policy: Policy | None = None) -> Iterator[Running]:
    """A server of this model while the block lasts."""
    limits = limits or ServeLimits(drain_seconds=2.0, resume_seconds=0.5)
    recordings = {name: path for name in examples() if (path := example_path(name)) is not None}
    with (
        Engine(bundle, EngineLimits(sessions=limits.sessions)) as engine,
        in_background(engine, bundle, limits, policy, recordings) as background,
    ):
        yield Running(background)


@pytest.fixture(scope="session")
def nano() -> Bundle:
    return soundflow.load("nano").bundle


@dataclass
class Client:
    """A plain client of the protocol."""

    socket: ClientConnection
    created: dict[str, Any] = field(default_factory=dict)

    async def send(self, **event: Any) -> None:
        await self.socket.send(json.dumps(event))

    async def next(self, *kinds: str) -> dict[str, Any]:
        """The next event of one of these types; others are passed over. Any event when none is named."""
        while True:
            event: dict[str, Any] = json.loads(await asyncio.wait_for(self.socket.recv(), PATIENCE))
            if not kinds or event["type"] in kinds:
                return event


@asynccontextmanager
async def client(running: Running, **options: Any) -> AsyncIterator[Client]:
    """A socket whose session was created."""
    # with a bound, events that a test does not read keep the closing handshake from being seen for ten seconds
    async with connect(f"{running.ws}/realtime", max_queue=None, **options) as socket:
        found = Client(socket)
        found.created = await found.next("session.created")
        yield found
