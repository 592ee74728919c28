"""Many short sessions and one long one leave nothing behind: tasks, threads, files, seats, memory of the window.

The whole of it, with its slopes, is benchmarks/serve_soak.py.
"""

from __future__ import annotations

import asyncio
import gc
import os
import threading
from pathlib import Path

import pytest

from soundflow.serve.limits import ServeLimits
from soundflow.serve.tenancy import Tenancy
from soundflow.testing.model import Script, caches_of, scripted_bundle
from tests.serve.conftest import PATIENCE, Running, client, serving
from tests.serve.test_connection import FIRE, append

LIMITS = ServeLimits(resume_seconds=0.05, drain_seconds=2.0, sessions=32)


def files() -> int:
    return len(os.listdir("/proc/self/fd"))


async def short(running: Running, number: int) -> None:
    """Come, be heard, and leave: with a word, without one, or in the middle of a reply."""
    async with client(running) as found:
        await append(found, 3 + number % 2)
        await found.next("response.output_text.delta" if number % 3 else "response.done")
        if number % 3 == 0:
            await found.send(type="soundflow.end")
            await found.socket.wait_closed()
        elif number % 3 == 1:
            found.socket.transport.abort()


async def churn(running: Running, sessions: int) -> None:
    turn = asyncio.Semaphore(8)

    async def one(number: int) -> None:
        async with turn:
            await short(running, number)

    await asyncio.gather(*(one(number) for number in range(sessions)))
    while running.server.hall.sessions or running.engine.sessions:
        await asyncio.sleep(0.01)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="open files are counted in /proc")
def test_churn_leaves_nothing_behind() -> None:
    bundle = scripted_bundle(FIRE)
    with serving(bundle, LIMITS) as running:
        asyncio.run(asyncio.wait_for(churn(running, 20), 2 * PATIENCE))
        gc.collect()
        before = files(), threading.active_count()
        asyncio.run(asyncio.wait_for(churn(running, 200), 10 * PATIENCE))
        gc.collect()
        after = files(), threading.active_count()
        kept = sum(type(thing) is Tenancy for thing in gc.get_objects())
        assert running.figure("soundflow_sessions_opened_total") == 220
        assert running.figure("soundflow_sessions_detached") == 0
    assert (
        after[0] <= before[0] + 1 and after[1] <= before[1] + 8
    )  # the loop's pool of threads may still grow to its bound
    assert kept <= 2, "sessions that are over are forgotten"


@pytest.mark.slow
def test_a_long_session_remembers_no_more_than_a_short_one() -> None:
    bundle = scripted_bundle(Script())

    async def scenario(running: Running) -> None:
        async with client(running) as found:
            await append(found, 0.5)  # what the resampler holds back, and more
            for _ in range(400):
                await append(found, 1)
                await found.next("response.listen")

    with serving(bundle, LIMITS) as running:
        asyncio.run(asyncio.wait_for(scenario(running), 10 * PATIENCE))
        (cache,) = caches_of(bundle)
        assert cache.length <= cache.capacity and cache.chunks == 400
        assert running.engine.waiting_chunks == 0
