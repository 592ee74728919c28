"""Every fault of benchmarks/faults.py, with a scripted model and in small: nobody else notices."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from benchmarks.faults import FAULTS, LIMITS, SESSIONS, Fault, Scene, suffer

from soundflow.serve.background import in_background
from soundflow.stream.engine import Engine, EngineLimits
from soundflow.testing.model import Script, ScriptedReply, scripted_bundle


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    # it speaks only when it is asked to: the script's threshold is never met by itself
    script = Script({chunk: ScriptedReply("Fire! " * 8) for chunk in range(100)}, {chunk: 0.4 for chunk in range(100)})
    bundle = scripted_bundle(script)
    with (
        Engine(bundle, EngineLimits(sessions=SESSIONS)) as engine,
        in_background(engine, bundle, LIMITS) as running,
    ):
        yield Scene(running, bundle, crowd=60, frame_bytes=8 * 2**20)


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.do.__name__)
def test_nobody_else_is_harmed(fault: Fault, scene: Scene) -> None:
    assert asyncio.run(suffer(fault, scene))
