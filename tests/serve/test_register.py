"""Who may come back to a session, for how long, and who may not."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Awaitable, Callable

import pytest

from soundflow.errors import SoundflowError
from soundflow.serve.conversation import Conversation
from soundflow.serve.facts import ModelFacts
from soundflow.serve.hall import Hall
from soundflow.serve.limits import ServeLimits
from soundflow.serve.metrics import Metrics
from soundflow.serve.register import Register
from soundflow.serve.tenancy import Tenancy
from tests.serve.fakes import FakeStream, decision

FACTS = ModelFacts("fake", 0.4, "Speak up.", 0.5)


def play(scenario: Callable[[Register, Hall], Awaitable[None]], limits: ServeLimits | None = None) -> None:
    async def played() -> None:
        hall = Hall(limits or ServeLimits())
        await scenario(Register(hall, Metrics(lambda: hall.sessions, 0.4)), hall)

    asyncio.run(played())


def _handing_over(streams: list[FakeStream]) -> Callable[[str | None, float | None], FakeStream]:
    return lambda instruction, threshold: streams.pop()


def entered(register: Register, holder: str = "anna") -> tuple[Tenancy, str, FakeStream]:
    """A session that has heard something, its token and its stream."""
    stream = FakeStream()
    tenancy = register.enter(Conversation(FACTS), holder)
    token = str(tenancy.created()["resume_token"])
    tenancy.conversation.attach(_handing_over([stream]))
    return tenancy, token, stream


def test_a_session_whose_socket_dropped_is_given_back_to_its_token() -> None:
    async def scenario(register: Register, hall: Hall) -> None:
        tenancy, token, stream = entered(register)
        name = tenancy.conversation.id
        register.release(tenancy)
        assert register.waiting == 1 and hall.sessions == 1
        assert await register.claim(name, token, "anna") is tenancy
        again = tenancy.resumed()
        assert again["attachment_generation"] == 2 and again["resume_token"] != token
        assert register.waiting == 0 and stream.calls == []
        tenancy.confirm()
        register.release(tenancy)
        with pytest.raises(SoundflowError):  # its client has another
            await register.claim(name, token, "anna")
        assert await register.claim(name, again["resume_token"], "anna") is tenancy

    play(scenario)


@pytest.mark.parametrize("arrived", [False, True])
def test_a_token_opens_until_the_next_is_known_to_have_arrived(arrived: bool) -> None:
    async def scenario(register: Register, hall: Hall) -> None:
        tenancy, old, _ = entered(register)
        name = tenancy.conversation.id
        register.release(tenancy)
        await register.claim(name, old, "anna")
        new = str(tenancy.resumed()["resume_token"])
        assert not tenancy.is_confirmed
        register.release(tenancy)
        shown, other = (new, old) if arrived else (old, new)
        await register.claim(name, shown, "anna")
        newest = str(tenancy.resumed()["resume_token"])
        assert tenancy.opens_with(shown, "anna") and tenancy.opens_with(newest, "anna")
        assert not tenancy.opens_with(other, "anna")
        tenancy.confirm()
        assert [tenancy.opens_with(token, "anna") for token in (old, new, newest)] == [False, False, True]

    play(scenario)


@pytest.mark.parametrize("what", ["name", "token", "holder", "nonsense"])
def test_a_stranger_learns_nothing(what: str) -> None:
    async def scenario(register: Register, hall: Hall) -> None:
        tenancy, token, _ = entered(register)
        register.release(tenancy)
        name: object = tenancy.conversation.id
        tries: dict[str, tuple[object, object, str]] = {
            "name": ("sess_00", token, "anna"),
            "token": (name, token[:-1] + "x", "anna"),
            "holder": (name, token, "eve"),
            "nonsense": ({"a": 1}, None, "anna"),
        }
        with pytest.raises(SoundflowError) as refused:
            await register.claim(*tries[what])
        assert refused.value.code == "session_resume_expired"
        assert await register.claim(name, token, "anna") is tenancy, "the right one still may"

    play(scenario)


def test_after_its_time_a_session_is_over_and_its_seat_free() -> None:
    async def scenario(register: Register, hall: Hall) -> None:
        tenancy, token, stream = entered(register)
        register.release(tenancy)
        await hall.empty.wait()
        assert stream.calls == ["close"] and tenancy.is_over
        with pytest.raises(SoundflowError):
            await register.claim(tenancy.conversation.id, token, "anna")

    play(scenario, ServeLimits(resume_seconds=0.001))


def test_what_is_said_meanwhile_is_kept() -> None:
    async def scenario(register: Register, hall: Hall) -> None:
        tenancy, token, stream = entered(register)
        register.release(tenancy)
        stream.said.append(decision(0))
        tenancy.told.set()
        while tenancy.conversation.decided_seconds == 0:
            await asyncio.sleep(0)
        await register.claim(tenancy.conversation.id, token, "anna")
        (missed,) = tenancy.journal.since(1) or []
        assert "response.listen" in missed

    play(scenario)


def test_a_socket_that_seems_alive_is_asked_for_the_session() -> None:
    async def scenario(register: Register, hall: Hall) -> None:
        tenancy, token, _ = entered(register)
        claiming = asyncio.create_task(register.claim(tenancy.conversation.id, token, "anna"))
        await tenancy.wanted.wait()
        assert not claiming.done()
        tenancy.free.set()
        assert await claiming is tenancy and not tenancy.free.is_set()

    play(scenario)


def test_of_two_who_ask_one_has_it_at_a_time() -> None:
    async def scenario(register: Register, hall: Hall) -> None:
        tenancy, token, _ = entered(register)

        async def come() -> int:
            tenancy = await register.claim(name, token, "anna")
            return int(tenancy.resumed()["attachment_generation"])

        name, both = tenancy.conversation.id, {asyncio.create_task(come()) for _ in range(2)}
        for generation in (2, 3):
            await tenancy.wanted.wait()
            register.hand_over(tenancy)
            done, both = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            assert [came.result() for came in done] == [generation]

    play(scenario)


def test_who_asked_and_went_away_does_not_keep_the_seat() -> None:
    async def scenario(register: Register, hall: Hall) -> None:
        tenancy, token, _ = entered(register)
        claiming = asyncio.create_task(register.claim(tenancy.conversation.id, token, "anna"))
        await tenancy.wanted.wait()
        claiming.cancel()
        register.hand_over(tenancy)
        await hall.empty.wait()
        assert tenancy.is_over

    play(scenario, ServeLimits(resume_seconds=0.001))


def test_who_only_waits_gives_way_to_who_comes() -> None:
    async def scenario(register: Register, hall: Hall) -> None:
        first, _, stream = entered(register)
        entered(register, "bert")
        register.release(first)
        assert register.refusal("carl") is None
        assert stream.calls == ["close"] and hall.sessions == 1
        entered(register, "carl")
        denial = register.refusal("dora")
        assert denial is not None and denial.code == "serve.full"

    play(scenario, ServeLimits(sessions=2))


def test_a_server_that_stops_waits_for_nobody_without_a_socket() -> None:
    async def scenario(register: Register, hall: Hall) -> None:
        tenancy, _, stream = entered(register)
        register.release(tenancy)
        await hall.close()
        assert stream.calls == ["close"] and hall.sessions == 0

    play(scenario)


def test_a_session_that_heard_nothing_is_not_kept() -> None:
    async def scenario(register: Register, hall: Hall) -> None:
        register.release(register.enter(Conversation(FACTS), "anna"))
        assert register.waiting == 0 and hall.sessions == 0

    play(scenario)


def test_a_session_that_is_over_lets_go_of_its_stream() -> None:
    async def scenario(register: Register, hall: Hall) -> None:
        tenancy, _, stream = entered(register)
        gone = weakref.ref(stream)
        del stream
        register.end(tenancy)
        assert gone() is None, "no cycle holds its memory"

    play(scenario)
