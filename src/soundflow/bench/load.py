"""Many streams at real time on one engine: how late decisions are, and what is lost, as the sessions grow in number.

The load generator runs in the same process as the engine and is counted on the same cores. A chunk's arrival is when
its last sample was due, not when the generator got round to feed it. Tests: tests/bench/test_load.py.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from soundflow.audio.pcm import SAMPLE_RATE
from soundflow.errors import OutsideError, UsageError
from soundflow.model.bundle import Bundle
from soundflow.stream.clock import Clock, WallClock
from soundflow.stream.engine import Engine, EngineLimits
from soundflow.stream.engine_session import EngineSession
from soundflow.stream.events import Decision, Error, ReplyDelta, ReplyEnd, ReplyStart

Samples = NDArray[np.float32]

_WARM_STEP = 20  # chunks fed at once while windows are filled; well within the queue
_PATIENCE_SECONDS = 120.0  # after which filling a window has failed


@dataclass(frozen=True)
class Load:
    """What is played: so many sessions for so long, in blocks as a client would send them."""

    sessions: int
    seconds: float
    block_seconds: float = 0.1
    warm_chunks: int = 60
    seed: int = 0

    def __post_init__(self) -> None:
        if self.sessions < 1 or self.seconds <= 0 or self.block_seconds <= 0:
            found = f"{self.sessions} sessions, {self.seconds} s in blocks of {self.block_seconds} s"
            raise UsageError("load.values", found, "give positive numbers")


@dataclass(frozen=True)
class LoadReport:
    """What came of a load.

    Decisions are timed from the moment the newest chunk's last sample was due to the moment its event was there;
    first text as benchmarks call first-chunk latency. `stall_percent` counts chunks whose features took longer than a
    chunk. `cores_used` is processor time over wall time, the generator's included; `cpu_ms_per_chunk` is the same time
    over the chunks that were heard, replies included: 400 ms of it are what one core can give a stream in a chunk.
    """

    sessions: int
    seconds: float
    decisions: int
    replies: int
    decision_ms_p50: float
    decision_ms_p95: float
    decision_ms_p99: float
    decision_ms_max: float
    first_text_ms_p50: float | None
    stall_percent: float
    lost_chunks: int
    errors: int
    cores_used: float
    cpu_ms_per_chunk: float
    chunks_per_encoder_pass: float
    steps_per_decoder_pass: float
    feeding_late_ms_p99: float

    def to_dict(self) -> dict[str, Any]:
        """Plain values, rounded to thousandths."""
        return {k: round(v, 3) if isinstance(v, float) else v for k, v in asdict(self).items()}


@dataclass(eq=False)
class _Client:
    """One session, the sound it plays in a circle, and what it heard back."""

    sound: Samples
    clock: Clock
    chunk_seconds: float
    session: EngineSession | None = None
    started_at: float = 0.0
    skipped: int = 0  # chunks that were fed while its window was filled
    decided: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    decision_ms: list[float] = field(default_factory=list)
    first_text_ms: list[float] = field(default_factory=list)
    newest: int = -1
    replies: int = 0
    errors: int = 0
    _begun: float | None = None

    def woken(self) -> None:
        """Called from the engine's threads: take what is there and note when."""
        assert self.session is not None
        now = self.clock.now()
        for event in self.session.take():
            if isinstance(event, Decision):
                self._decided(event, now)
            elif isinstance(event, ReplyStart):
                self._begun = self._due(event.chunk) if self._is_timed(event.chunk) else None
            elif isinstance(event, ReplyDelta) and self._begun is not None:
                self.first_text_ms.append(1e3 * (now - self._begun))
                self._begun = None
            elif isinstance(event, ReplyEnd):
                self.replies += 1
            elif isinstance(event, Error):
                self.errors += 1

    def _due(self, chunk: int) -> float:
        return self.started_at + (chunk - self.skipped + 1) * self.chunk_seconds

    def _is_timed(self, chunk: int) -> bool:
        return bool(self.started_at) and chunk >= self.skipped

    def _decided(self, event: Decision, now: float) -> None:
        self.newest = event.chunk
        if self._is_timed(event.chunk):
            self.decision_ms.append(1e3 * (now - self._due(event.chunk)))
        self.decided.release()

    def play(self, start: int, count: int) -> None:
        """Feed samples [start, start + count) of the circle."""
        assert self.session is not None
        places = np.arange(start, start + count) % len(self.sound)
        self.session.feed(self.sound[places])


def run_load(bundle: Bundle, sound: Samples, load: Load, clock: Clock | None = None) -> LoadReport:
    """Play `sound` in a circle to every session, each from a place and with a phase of its own, and measure.

    Args:
        sound: float32 [n], 16 kHz mono, at least one chunk.

    Raises:
        UsageError: no sound (`load.values`).
    """
    if len(sound) < bundle.config.chunk_samples:
        raise UsageError("load.values", f"{len(sound)} samples to play", "give at least one chunk")
    clock = clock or WallClock()
    rng = np.random.default_rng(load.seed)
    with Engine(bundle, EngineLimits(sessions=load.sessions), clock) as engine:
        clients = [
            _client(engine, np.roll(sound, -int(p)), clock) for p in rng.integers(len(sound), size=load.sessions)
        ]
        _fill_windows(clients, load.warm_chunks, bundle.config.chunk_samples)
        return _measure(engine, clients, load, rng, clock)


def _client(engine: Engine, sound: Samples, clock: Clock) -> _Client:
    client = _Client(sound, clock, engine.chunk_seconds)
    client.session = engine.open(wake=client.woken)
    return client


def _fill_windows(clients: Sequence[_Client], chunks: int, chunk_samples: int) -> None:
    """Let every session remember as much as it can, so that its steps cost what they will cost for ever."""
    for start in range(0, chunks, _WARM_STEP):
        until = min(start + _WARM_STEP, chunks)
        for client in clients:
            client.play(start * chunk_samples, (until - start) * chunk_samples)
        _await(clients, until)
    for client in clients:
        client.skipped = chunks


def _await(clients: Sequence[_Client], chunks: int) -> None:
    """Until every session has decided on so many chunks."""
    for client in clients:
        while client.newest < chunks - 1:
            if not client.decided.acquire(timeout=_PATIENCE_SECONDS):
                raise OutsideError(
                    "load.stuck", f"no decision in {_PATIENCE_SECONDS:.0f} s", "play fewer sessions on this machine"
                )


def _measure(
    engine: Engine, clients: Sequence[_Client], load: Load, rng: np.random.Generator, clock: Clock
) -> LoadReport:
    before, began, cpu = asdict(engine.statistics), clock.now() + 0.1, time.process_time()
    block = round(load.block_seconds * SAMPLE_RATE)
    for client, phase in zip(clients, rng.uniform(0, load.block_seconds, len(clients)), strict=True):
        client.started_at = began + phase
    late = _feed(clients, load, block, clock)
    _await(clients, load.warm_chunks + _whole_chunks(load, engine.chunk_seconds))  # what is under way still counts
    wall, used = clock.now() - began, time.process_time() - cpu
    done = {name: value - before[name] for name, value in asdict(engine.statistics).items()}
    return _report(clients, load, done, (used, wall), late)


def _feed(clients: Sequence[_Client], load: Load, block: int, clock: Clock) -> list[float]:
    """Give each client its blocks when a microphone would have finished them; how late each was, in ms."""
    order = sorted(clients, key=lambda client: client.started_at)
    late = []
    for turn in range(round(load.seconds / load.block_seconds)):
        for client in order:
            due = client.started_at + (turn + 1) * block / SAMPLE_RATE
            clock.wait_until(due)
            client.play(round(client.skipped * client.chunk_seconds * SAMPLE_RATE) + turn * block, block)
            late.append(1e3 * (clock.now() - due))
    return late


def _report(
    clients: Sequence[_Client],
    load: Load,
    done: dict[str, float],
    time_used: tuple[float, float],
    late: Sequence[float],
) -> LoadReport:
    took = np.array([ms for client in clients for ms in client.decision_ms] or [0.0])
    text = [ms for client in clients for ms in client.first_text_ms]
    p50, p95, p99 = (float(p) for p in np.percentile(took, [50, 95, 99]))
    whole = _whole_chunks(load, clients[0].chunk_seconds) * len(clients)
    used, wall = time_used
    steps = done["silent"] + done["responses"] + done["text_steps"]
    return LoadReport(
        sessions=load.sessions,
        seconds=load.seconds,
        decisions=sum(len(client.decision_ms) for client in clients),
        replies=sum(client.replies for client in clients),
        decision_ms_p50=p50,
        decision_ms_p95=p95,
        decision_ms_p99=p99,
        decision_ms_max=float(took.max()),
        first_text_ms_p50=float(np.median(text)) if text else None,
        stall_percent=100.0 * done["stalls"] / max(done["chunks"], 1),
        lost_chunks=int(done["dropped_chunks"]) + max(0, whole - int(done["chunks"])),
        errors=sum(client.errors for client in clients),
        cores_used=used / wall,
        cpu_ms_per_chunk=1e3 * used / max(done["chunks"], 1),
        chunks_per_encoder_pass=done["chunks"] / max(done["encoder_passes"], 1),
        steps_per_decoder_pass=steps / max(done["decoder_passes"], 1),
        feeding_late_ms_p99=float(np.percentile(late, 99)),
    )


def _whole_chunks(load: Load, chunk_seconds: float) -> int:
    """Chunks that become whole in the time that counts."""
    return int(round(load.seconds / load.block_seconds) * load.block_seconds / chunk_seconds + 1e-6)
