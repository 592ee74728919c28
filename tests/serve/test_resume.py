"""A socket drops and another takes its place; strangers do not. Real sockets, a scripted model."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from soundflow.serve.admission import Policy, read_keys
from soundflow.serve.limits import ServeLimits
from soundflow.testing.model import Script
from tests.serve.conftest import PATIENCE, Client, Running, client
from tests.serve.test_connection import FIRE, append, closed_with
from tests.serve.test_connection import run as run_short


def run(
    scenario: Callable[[Running], Awaitable[Any]],
    limits: ServeLimits | None = None,
    policy: Policy | None = None,
    script: Script = FIRE,
) -> Any:
    """Play a scenario against a server that waits for clients as long as it does by default."""
    return run_short(scenario, limits or ServeLimits(drain_seconds=2.0), policy, script)


def ticket(found: Client, received: int) -> dict[str, Any]:
    """What a client sends to come back."""
    name, token = found.created["session"]["id"], found.created["resume_token"]
    return {"session_id": name, "resume_token": token, "last_received_server_event_seq": received}


@asynccontextmanager
async def newcomer(running: Running, **options: Any) -> AsyncIterator[Client]:
    """A socket that comes to resume: it is told nothing before."""
    async with connect(f"{running.ws}/realtime?autostart=0", max_queue=None, **options) as socket:
        yield Client(socket)


async def detached(running: Running) -> None:
    async def is_so() -> None:
        while running.figure("soundflow_sessions_detached") != 1:
            await asyncio.sleep(0.01)

    await asyncio.wait_for(is_so(), PATIENCE)


def test_a_client_that_lost_its_socket_goes_on_where_it_was() -> None:
    async def scenario(running: Running) -> None:
        async with client(running) as found:
            await append(found, 1.5)
            decision = await found.next("response.listen")
            await append(found, 2)
            await found.next("response.speak")
            found.socket.transport.abort()
        await detached(running)
        async with newcomer(running) as again:
            await again.send(type="session.resume", **ticket(found, decision["server_event_seq"]))
            resumed = await again.next()
            assert resumed["type"] == "session.resumed" and resumed["attachment_generation"] == 2
            assert resumed["session"]["id"] == found.created["session"]["id"]
            assert 1200 < resumed["received_ms"] <= 1400
            told = [await again.next() for _ in range(3)]
            assert [e["server_event_seq"] - decision["server_event_seq"] for e in told] == [1, 2, 3]
            assert told[0]["type"] == "response.speak", "what was lost is told again"
            assert (await again.next("response.output_text.done"))["text"] == "Fire!"
            await append(again, 1)
            while (await again.next("response.listen", "response.speak"))["chunk"] < 3:
                pass  # the same stream goes on
        assert running.figure("soundflow_sessions_resumed_total") == 1

    run(scenario)


def test_a_client_that_gives_a_silent_socket_up_may_come_back() -> None:
    async def scenario(running: Running) -> None:
        async with client(running) as found:
            await append(found, 1.5)
            decision = await found.next("response.listen")
            await found.socket.close(4000)
        await detached(running)
        async with newcomer(running) as again:
            await again.send(type="session.resume", **ticket(found, decision["server_event_seq"]))
            assert (await again.next())["type"] == "session.resumed"

    run(scenario)


@pytest.mark.parametrize("is_closed", [False, True])
def test_who_lost_the_answer_to_its_resuming_comes_back_with_the_token_it_has(is_closed: bool) -> None:
    async def scenario(running: Running) -> None:
        async with client(running) as found:
            await append(found, 1.5)
            decision = await found.next("response.listen")
            found.socket.transport.abort()
        await detached(running)
        mine = ticket(found, decision["server_event_seq"])
        async with newcomer(running) as unheard:
            await unheard.send(type="session.resume", **mine)
            while running.figure("soundflow_sessions_resumed_total") != 1:
                await asyncio.sleep(0.01)
            if is_closed:
                await unheard.socket.close()
            else:
                unheard.socket.transport.abort()
        await detached(running)
        async with newcomer(running) as again:
            await again.send(type="session.resume", **mine)
            assert (await again.next())["attachment_generation"] == 3
            await append(again, 2)
            await again.next("response.done")
            async with newcomer(running) as late:
                await late.send(type="session.resume", **mine)
                assert await closed_with(late) == (1008, ["session_resume_expired"]), "the new token has arrived"

    run(scenario)


def test_a_socket_that_hangs_is_replaced() -> None:
    async def scenario(running: Running) -> None:
        async with client(running) as hanging, client(running) as again:
            await append(hanging, 1.5)
            await hanging.next("response.listen")
            own = again.created["session"]["id"]
            await again.send(type="session.resume", **ticket(hanging, 99))
            assert (await again.next("session.resumed"))["session"]["id"] != own
            assert (await hanging.next("session.replaced"))["attachment_generation"] == 1
            assert (await closed_with(hanging))[0] == 4001
            await append(again, 2)
            await again.next("response.done")
            assert running.server.hall.sessions == 1, "the one that came with the socket is given up"

    run(scenario)


def test_another_key_cannot_come_back_to_a_session(tmp_path: Path) -> None:
    keys = ("anna's-very-own-key", "eve's-very-own-key-too")
    (tmp_path / "keys").write_text("\n".join(keys))

    def headed(key: str) -> dict[str, Any]:
        return {"additional_headers": {"Authorization": f"Bearer {key}"}}

    async def scenario(running: Running) -> None:
        async with client(running, **headed(keys[0])) as anna:
            await append(anna, 1.5)
            await anna.next("response.listen")
            async with newcomer(running, **headed(keys[1])) as eve:
                await eve.send(type="session.resume", **ticket(anna, 0))
                assert await closed_with(eve) == (1008, ["session_resume_expired"])
            await append(anna, 2)
            await anna.next("response.done")  # nothing happened to her

    run(scenario, policy=Policy(read_keys(tmp_path / "keys")))


def test_a_socket_that_came_to_resume_may_do_nothing_else() -> None:
    async def scenario(running: Running) -> None:
        async with newcomer(running) as idle:
            await append(idle, 1)
            assert await closed_with(idle) == (1008, ["realtime.resume_first"])
        assert running.server.hall.sessions == 0

    run(scenario)


def test_resuming_in_the_middle_of_a_session_is_refused_and_survived() -> None:
    async def scenario(running: Running) -> None:
        async with client(running) as found:
            await append(found, 1.5)
            await found.next("response.listen")
            await found.send(type="session.resume", **ticket(found, 0))
            assert (await found.next("error"))["error"]["code"] == "realtime.resume_late"
            await append(found, 2)
            await found.next("response.done")

    run(scenario)


def test_who_missed_more_than_was_kept_is_told() -> None:
    async def scenario(running: Running) -> None:
        async with client(running) as found:
            await append(found, 3)
            await found.next("response.done")
            found.socket.transport.abort()
        await detached(running)
        async with newcomer(running) as again:
            await again.send(type="session.resume", **ticket(found, 1))
            assert (await again.next())["type"] == "session.resync_required"
            assert (await closed_with(again))[0] == 1000
        assert running.engine.sessions == 0

    run(scenario, ServeLimits(journal_characters=400, drain_seconds=2))


def test_who_acknowledges_events_leaves_room_for_later_ones() -> None:
    async def scenario(running: Running) -> None:
        async with client(running) as found:
            await append(found, 1.5)
            decision = await found.next("response.listen")
            await found.send(type="session.event_ack", server_event_seq=decision["server_event_seq"])
            await append(found, 1)
            await found.next("response.speak", "response.listen")

    run(scenario)


def test_a_client_that_says_goodbye_leaves_nothing_behind() -> None:
    async def scenario(running: Running) -> None:
        async with client(running) as found:
            await append(found, 1.5)
            await found.next("response.listen")
        while running.engine.sessions:
            await asyncio.sleep(0.01)
        assert running.figure("soundflow_sessions_detached") == 0

    run(scenario, script=Script())


def test_a_full_house_lets_somebody_in_where_one_only_waits() -> None:
    async def scenario(running: Running) -> None:
        async with client(running) as found:
            await append(found, 1.5)
            await found.next("response.listen")
            found.socket.transport.abort()
        await detached(running)
        async with client(running) as other:
            await append(other, 3)
            await other.next("response.done")
        with pytest.raises(ConnectionClosed):
            async with newcomer(running) as again:
                await again.send(type="session.resume", **ticket(found, 0))
                assert json.loads(await again.socket.recv())["error"]["code"] == "session_resume_expired"
                await again.socket.recv()

    run(scenario, ServeLimits(sessions=1, drain_seconds=2))
