"""Seats by key and in all; closing waits for the last one."""

from __future__ import annotations

import asyncio

from soundflow.serve.hall import Hall
from soundflow.serve.limits import ServeLimits


def test_each_key_and_all_together_have_a_limit() -> None:
    hall = Hall(ServeLimits(sessions=3, sessions_per_key=2))
    with hall.seat("a"), hall.seat("a"):
        assert (refused := hall.refusal("a")) is not None and refused.status == 429
        assert hall.refusal("b") is None
        with hall.seat("b"):
            assert (refused := hall.refusal("c")) is not None and refused.status == 503
            assert hall.sessions == 3
    assert hall.sessions == 0 and hall.refusal("a") is None


def test_closing_lets_nobody_in_and_waits_for_the_last() -> None:
    async def scenario() -> None:
        hall = Hall(ServeLimits(drain_seconds=20))
        with hall.seat("a"):
            closing = asyncio.create_task(hall.close())
            await hall.closing.wait()
            assert (refused := hall.refusal("a")) is not None and refused.code == "serve.closing"
            assert not closing.done()
        await closing

    asyncio.run(scenario())


def test_closing_does_not_wait_beyond_its_limit() -> None:
    async def scenario() -> None:
        hall = Hall(ServeLimits(drain_seconds=0.01))
        with hall.seat("a"):
            await hall.close()
            assert hall.sessions == 1

    asyncio.run(scenario())
