"""Real sockets: bounds, strangers, clients that vanish, a server that stops; none harms another session."""

from __future__ import annotations

import asyncio
import base64
import json
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest
from starlette.websockets import WebSocket
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from soundflow.serve.admission import KEY_PROTOCOL, PROTOCOL, Policy, read_keys
from soundflow.serve.connection import Connection, House
from soundflow.serve.hall import Hall
from soundflow.serve.limits import ServeLimits
from soundflow.serve.metrics import Metrics
from soundflow.serve.register import Register
from soundflow.serve.running import configured
from soundflow.testing.model import Script, ScriptedReply, scripted_bundle
from tests.serve.conftest import PATIENCE, Client, Running, client, serving
from tests.serve.fakes import FakeStream
from tests.serve.test_register import entered, play

CHUNK_24K = 9600 * 2  # bytes: 0.4 s of pcm16 at 24 kHz
FIRE = Script({chunk: ScriptedReply("Fire!") for chunk in range(1, 100)})  # whatever chunks are flushed together


def audio(chunks: float) -> str:
    return base64.b64encode(bytes(2 * round(chunks * CHUNK_24K / 2))).decode()


def run(
    scenario: Callable[[Running], Awaitable[Any]],
    limits: ServeLimits | None = None,
    policy: Policy | None = None,
    script: Script = FIRE,
) -> Any:
    """Play a scenario against a server with a scripted model."""
    with serving(scripted_bundle(script), limits, policy) as running:
        return asyncio.run(asyncio.wait_for(_awaited(scenario(running)), 3 * PATIENCE))


async def _awaited(what: Awaitable[Any]) -> Any:
    return await what


async def append(found: Client, chunks: float) -> None:
    await found.send(type="input_audio_buffer.append", audio=audio(chunks))


async def is_alive(running: Running) -> bool:
    """Whether a new client is heard and answered."""
    async with client(running) as found:
        await append(found, 3.5)
        event = await found.next("response.output_text.done")
        return bool(event["text"] == "Fire!")


async def closed_with(found: Client) -> tuple[int, list[str]]:
    """How the server closes a socket, and the errors told before."""
    codes: list[str] = []
    try:
        while True:
            event = json.loads(await asyncio.wait_for(found.socket.recv(), PATIENCE))
            codes += [event["error"]["code"]] if event["type"] == "error" else []
    except ConnectionClosed as closed:
        return (closed.rcvd.code if closed.rcvd else 1006), codes


def status(running: Running, path: str, **headers: str) -> int:
    request = urllib.request.Request(running.http + path, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code


def test_sound_is_decided_and_answered() -> None:
    assert run(is_alive)


def test_sessions_hear_their_own_sound_only() -> None:
    async def scenario(running: Running) -> None:
        async with client(running) as talking, client(running) as silent:
            await append(talking, 3.5)
            await append(silent, 1.5)
            done = await talking.next("response.done")
            await silent.send(type="soundflow.end")
            kinds = []
            try:
                while True:
                    kinds.append((await silent.next())["type"])
            except ConnectionClosed:
                pass
        assert done["response"]["status"] == "completed"
        assert "response.listen" in kinds

    run(scenario)


def test_a_message_beyond_the_limit_ends_its_own_session_only() -> None:
    async def scenario(running: Running) -> None:
        async with client(running) as found, client(running) as other:
            await found.socket.send('{"type":"' + "é" * 600 + '"}')  # 1,200 bytes in 600 letters
            assert (await closed_with(found))[0] == 1009
            await other.send(type="input_audio_buffer.clear")
            await other.next("input_audio_buffer.cleared")

    run(scenario, ServeLimits(message_bytes=1000, drain_seconds=2))


def test_garbage_is_told_and_survived() -> None:
    async def scenario(running: Running) -> None:
        async with client(running) as found:
            half = r'{"type":"no.such.event","event_id":"\ud83d"}'
            endless = '{"type":"conversation.item.create","item":{"type":"message","role":1e999,"content":[]}}'
            for garbage in (
                "{",
                "[]",
                '{"type":3}',
                '{"type":"no.such.event"}',
                "[" * 100_000,
                b"\x00\xff",
                half,
                endless,
            ):
                await found.socket.send(garbage)
                assert (await found.next("error"))["error"]["type"] == "invalid_request_error"
            await append(found, 3.5)
            await found.next("response.done")

    run(scenario)


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (ServeLimits(idle_seconds=0.05), "limit.idle_seconds"),
        (ServeLimits(session_seconds=0.05), "limit.session_seconds"),
        (ServeLimits(messages_per_second=0.1, message_burst=5), "limit.messages_per_second"),
    ],
)
def test_bounds_are_told_before_the_socket_closes(limits: ServeLimits, code: str) -> None:
    async def scenario(running: Running) -> tuple[int, list[str]]:
        async with client(running) as found:
            if code == "limit.messages_per_second":
                for _ in range(7):
                    await found.send(type="input_audio_buffer.clear")
            return await closed_with(found)

    assert run(scenario, limits) == (1008, [code])


def test_more_sessions_than_allowed_are_refused_before_the_socket_is_accepted() -> None:
    async def scenario(running: Running) -> None:
        async with client(running), client(running):
            with pytest.raises(InvalidStatus) as refused:
                await connect(f"{running.ws}/realtime")
            assert refused.value.response.status_code == 503
        with pytest.raises(InvalidStatus) as unknown:
            await connect(f"{running.ws}/realtime?model=other")
        assert unknown.value.response.status_code == 404

    run(scenario, ServeLimits(sessions=2))


def test_strangers_are_refused_before_the_socket_is_accepted(tmp_path: Any) -> None:
    key = "a-key-of-some-length"
    (tmp_path / "keys").write_text(key)

    async def scenario(running: Running) -> None:
        for options, expected in (
            ({}, 401),
            ({"additional_headers": {"Authorization": "Bearer wrong"}}, 401),
            ({"additional_headers": {"Authorization": f"Bearer {key}"}, "origin": "https://evil.example"}, 403),
        ):
            with pytest.raises(InvalidStatus) as refused:
                await connect(f"{running.ws}/realtime", **options)
            assert refused.value.response.status_code == expected
        async with client(running, subprotocols=[PROTOCOL, KEY_PROTOCOL + key]) as found:
            assert found.socket.subprotocol == PROTOCOL
        assert await asyncio.to_thread(status, running, "/metrics") == 401
        assert await asyncio.to_thread(status, running, "/metrics", Authorization=f"Bearer {key}") == 200

    run(scenario, policy=Policy(read_keys(tmp_path / "keys")))


def test_a_client_that_vanishes_mid_reply_leaves_nothing_behind() -> None:
    async def scenario(running: Running) -> None:
        async with client(running) as found:
            await append(found, 3.5)
            await found.next("response.output_text.delta")
            found.socket.transport.abort()
        assert await is_alive(running)
        await asyncio.wait_for(
            _until(lambda: running.server.hall.sessions == 0 and running.engine.sessions == 0), PATIENCE
        )

    run(scenario)


async def _until(is_so: Callable[[], bool]) -> None:
    while not is_so():
        await asyncio.sleep(0.01)


def test_history_holds_what_was_played_and_no_more() -> None:
    bundle = scripted_bundle(Script({2: ScriptedReply("Fire in the kitchen!")}))

    def remembered(running: Running) -> str:
        """What the model's context holds of its replies."""
        (session,) = running.engine._sessions
        tokens = [token for block in session.decoding._window.blocks for token in block.tokens]
        return bundle.tokenizer.decode([t for t in tokens if t not in bundle.config.control.unspoken])

    async def scenario(running: Running) -> None:
        async with client(running) as found:
            await append(found, 3.5)
            done = (await found.next("response.output_text.done"))["item_id"]
            await found.next("response.done")
            assert "Fire in the kitchen!" in remembered(running)
            await found.send(type="playback.ack", item_id=done, played_characters=7)
            assert (await found.next("playback.acknowledged"))["event"]["history_committed"] is False
            await append(found, 1)
            await found.next("response.listen")
            assert "Fire in the kitchen!" in remembered(running), "progress alone cuts nothing"
            await found.send(type="playback.ack", item_id=done, played_characters=7, final=True)
            assert (await found.next("playback.acknowledged"))["event"]["history_committed"] is True
            await append(found, 1)
            await found.next("response.listen")
            assert remembered(running).startswith("Fire in") and "kitchen" not in remembered(running)

    with serving(bundle) as running:
        asyncio.run(asyncio.wait_for(scenario(running), 3 * PATIENCE))


def test_a_recording_sent_at_once_is_heard_without_a_loss() -> None:
    async def scenario(running: Running) -> dict[str, Any]:
        async with client(running) as found:
            await found.send(type="session.update", session={"soundflow": {"events": True}})
            for _ in range(60):
                await append(found, 1)
            await found.send(type="soundflow.end")
            return await found.next("soundflow.end")

    limits = ServeLimits(drain_seconds=2, ahead_seconds=2)
    assert run(scenario, limits, script=Script())["chunks"] == 60


class SlowSocket:
    """Takes each event a while after it was sent."""

    def __init__(self) -> None:
        self.numbers: list[int] = []

    async def send_text(self, text: str) -> None:
        for _ in range(3):
            await asyncio.sleep(0)
        self.numbers.append(json.loads(text)["server_event_seq"])


def test_a_slow_client_is_told_everything_in_the_order_of_its_numbers() -> None:
    async def scenario(register: Register, hall: Hall) -> None:
        tenancy, _, _ = entered(register)
        metrics = Metrics(lambda: hall.sessions, 0.4)
        socket = SlowSocket()
        connection = Connection(
            cast(WebSocket, socket), tenancy, House(hall, hall.limits, lambda *_: FakeStream(), metrics, register)
        )
        batches = [[tenancy.conversation._stamp("some") for _ in range(3)] for _ in range(2)]
        await asyncio.gather(*(connection._send(batch) for batch in batches))
        assert socket.numbers == [event["server_event_seq"] for batch in batches for event in batch]

    play(scenario)


def test_a_server_that_stops_says_so_and_lets_sessions_end() -> None:
    async def scenario(running: Running) -> None:
        async with client(running) as found:
            await append(found, 3.5)
            await found.next("response.speak")
            stopping = asyncio.create_task(asyncio.to_thread(running.stop))
            code, errors = await closed_with(found)
            await stopping
            assert code == 1001 and errors == ["serve.closing"]

    run(scenario)


def test_health_models_page_and_figures_answer() -> None:
    async def scenario(running: Running) -> None:
        assert await is_alive(running)
        for path in (
            "/",
            "/healthz",
            "/readyz",
            "/v1/models",
            "/metrics",
            "/page/page.js",
            "/examples",
            "/examples/kitchen",
        ):
            assert await asyncio.to_thread(status, running, path) == 200, path
        assert await asyncio.to_thread(status, running, "/examples/none") == 404
        assert await asyncio.to_thread(status, running, "/healthz", Host="evil.example") == 403
        assert running.figure('soundflow_decisions_total{decision="response"}') >= 1
        assert running.figure("soundflow_sessions_opened_total") == 1

    run(scenario)


def test_the_fast_loop_is_taken_where_it_is_installed() -> None:
    uvloop = pytest.importorskip("uvloop", reason="uvloop is not installed")

    async def scenario(running: Running) -> None:
        factory = configured(running.server, ServeLimits()).get_loop_factory()
        assert factory is uvloop.new_event_loop

    run(scenario)
