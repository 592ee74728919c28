"""Two replicas behind Ray Serve: sockets work through it, and who sends the same header comes to the same one."""

from __future__ import annotations

import asyncio
import socket
from importlib.util import find_spec
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from soundflow.model.bundle import Bundle
from soundflow.serve.admission import Policy
from soundflow.serve.limits import ServeLimits
from tests.serve.conftest import PATIENCE, Client
from tests.serve.test_connection import append

NEEDED = ("ray", "fastapi", "grpc_reflection", "mmh3")


def silent_and_then_speaking() -> Bundle:
    from soundflow.testing.model import Script, ScriptedReply, scripted_bundle

    return scripted_bundle(Script({chunk: ScriptedReply("Fire!") for chunk in range(1, 100)}))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def scenario(url: str) -> None:
    sticky: dict[str, Any] = {"additional_headers": {"x-session-id": "anna"}}
    async with connect(f"{url}/v1/realtime", **sticky) as socket_:
        found = Client(socket_)
        found.created = await found.next("session.created")
        await append(found, 1.5)
        heard = await found.next("response.listen")
        await append(found, 2)
        await found.next("response.done")
        socket_.transport.abort()
    for _ in range(3):  # the same replica each time, not by chance
        ticket: dict[str, Any] = {
            "session_id": found.created["session"]["id"],
            "resume_token": found.created["resume_token"],
            "last_received_server_event_seq": heard["server_event_seq"],
        }
        async with connect(f"{url}/v1/realtime?autostart=0", **sticky) as again:
            back = Client(again)
            await back.send(type="session.resume", **ticket)
            found.created = await back.next()
            assert found.created["type"] == "session.resumed", found.created
            assert (await back.next())["type"] == "response.speak"
            again.transport.abort()
    with pytest.raises(InvalidStatus):
        await connect(f"{url}/v1/realtime?model=other")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_client_comes_back_to_the_replica_it_left() -> None:
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        pytest.skip(f"ray[serve] is not installed: no {', '.join(missing)}")
    from soundflow.serve.replicas import Replicas, replicas

    wanted = Replicas(2, "127.0.0.1", free_port(), silent_and_then_speaking, ServeLimits(sessions=8), Policy(), {})
    with replicas(wanted) as address:
        asyncio.run(asyncio.wait_for(scenario(address.replace("http", "ws")), 6 * PATIENCE))
