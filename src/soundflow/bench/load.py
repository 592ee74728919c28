"""Many streams at real time on one engine: how late decisions are, and what is lost, as the sessions grow in number.

The load generator runs in the same process as the engine and is counted on the same cores. A chunk's arrival is when
its last sample was due, not when the generator got round to feed it. `load_wire.py` does the same to a server.
Tests: tests/bench/test_load.py.
"""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

import numpy as np
from numpy.typing import NDArray

from soundflow.audio.pcm import SAMPLE_RATE
from soundflow.bench.load_measures import Load, LoadReport, SessionLog, Spent, summarise
from soundflow.errors import OutsideError, UsageError
from soundflow.model.bundle import Bundle
from soundflow.stream.clock import Clock, WallClock
from soundflow.stream.engine import Engine, EngineLimits
from soundflow.stream.engine_session import EngineSession
from soundflow.stream.events import Decision

Samples = NDArray[np.float32]

_WARM_STEP = 20  # chunks fed at once while windows are filled; well within the queue
_PATIENCE_SECONDS = 120.0  # after which filling a window has failed


@dataclass(eq=False)
class _Client:
    """One session, and where in the circle of sound it plays from."""

    sound: Samples
    place: int
    clock: Clock
    log: SessionLog
    session: EngineSession | None = None
    decided: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def woken(self) -> None:
        """Called from the engine's threads: take what is there and note when."""
        assert self.session is not None
        now = self.clock.now()
        for event in self.session.take():
            self.log.note(event, now)
            if isinstance(event, Decision):
                self.decided.release()

    def play(self, start: int, count: int) -> None:
        """Feed samples [start, start + count) of the circle."""
        assert self.session is not None
        places = np.arange(self.place + start, self.place + start + count) % len(self.sound)
        self.session.feed(self.sound[places])


def run_load(bundle: Bundle, sound: Samples, load: Load, clock: Clock | None = None) -> LoadReport:
    """Play `sound` in a circle to every session, each from a place and with a phase of its own, and measure.

    Args:
        sound: float32 [n], 16 kHz mono, at least one chunk.

    Raises:
        UsageError: no sound (`load.values`).
        OutsideError: a session is not decided any more (`load.stuck`).
    """
    check_sound(sound, bundle.config.chunk_samples)
    clock = clock or WallClock()
    rng = np.random.default_rng(load.seed)
    with Engine(bundle, EngineLimits(sessions=load.sessions), clock) as engine:
        places = rng.integers(len(sound), size=load.sessions)
        clients = [_client(engine, sound, int(place), load, clock) for place in places]
        _fill_windows(clients, load.warm_chunks, bundle.config.chunk_samples)
        return _measure(engine, clients, load, rng, clock)


def check_sound(sound: Samples, chunk_samples: int) -> None:
    """Raise `load.values` when there is less than a chunk to play."""
    if len(sound) < chunk_samples:
        raise UsageError("load.values", f"{len(sound)} samples to play", "give at least one chunk")


def _client(engine: Engine, sound: Samples, place: int, load: Load, clock: Clock) -> _Client:
    client = _Client(sound, place, clock, SessionLog(engine.chunk_seconds, load.warm_chunks))
    client.session = engine.open(threshold=load.threshold, wake=client.woken)
    return client


def _fill_windows(clients: Sequence[_Client], chunks: int, chunk_samples: int) -> None:
    """Let every session remember as much as it can, so that its steps cost what they will cost for ever."""
    for start in range(0, chunks, _WARM_STEP):
        until = min(start + _WARM_STEP, chunks)
        for client in clients:
            client.play(start * chunk_samples, (until - start) * chunk_samples)
        _await(clients, until)


def _await(clients: Sequence[_Client], chunks: int) -> None:
    """Until every session has decided on so many chunks."""
    for client in clients:
        while client.log.newest < chunks - 1:
            if not client.decided.acquire(timeout=_PATIENCE_SECONDS):
                raise OutsideError(
                    "load.stuck", f"no decision in {_PATIENCE_SECONDS:.0f} s", "play fewer sessions on this machine"
                )


def _measure(
    engine: Engine, clients: Sequence[_Client], load: Load, rng: np.random.Generator, clock: Clock
) -> LoadReport:
    before, began, cpu = asdict(engine.statistics), clock.now() + 0.1, time.process_time()
    for client, phase in zip(clients, rng.uniform(0, engine.chunk_seconds, len(clients)), strict=True):
        client.log.started_at = began + phase
    late = _feed(clients, load, clock)
    _await(clients, load.warm_chunks + load.whole_chunks(engine.chunk_seconds))  # what is under way still counts
    wall, used = clock.now() - began, time.process_time() - cpu
    done = {name: value - before[name] for name, value in asdict(engine.statistics).items()}
    steps = done["silent"] + done["responses"] + done["text_steps"]
    spent = Spent(wall, used, done["chunks"], done["stalls"], done["encoder_passes"], steps, done["decoder_passes"])
    return summarise(load, [client.log for client in clients], spent, late)


def _feed(clients: Sequence[_Client], load: Load, clock: Clock) -> list[float]:
    """Give each client its blocks when a microphone would have finished them; how late each was, in ms."""
    block = round(load.block_seconds * SAMPLE_RATE)
    next_up = [(_start_of(client) + load.block_seconds, i, 0) for i, client in enumerate(clients)]
    heapq.heapify(next_up)
    late = []
    while next_up:
        due, i, turn = next_up[0]
        client = clients[i]
        clock.wait_until(due)
        warm = round(load.warm_chunks * client.log.chunk_seconds * SAMPLE_RATE)
        client.play(warm + turn * block, block)
        late.append(1e3 * (clock.now() - due))
        if turn + 1 < load.blocks:
            heapq.heapreplace(next_up, (_start_of(client) + (turn + 2) * load.block_seconds, i, turn + 1))
        else:
            heapq.heappop(next_up)
    return late


def _start_of(client: _Client) -> float:
    assert client.log.started_at is not None
    return client.log.started_at
