"""Composed streams heard through sessions, in one process or many; the same streams whatever their number.

Knows nothing of scores. Tests: tests/bench/test_listening.py.
"""

from __future__ import annotations

import dataclasses
import math
import pickle
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import Literal

import torch

from soundflow.bench.baselines.rows import gates
from soundflow.bench.hearing import spoken
from soundflow.bench.scoring import SpokenReply
from soundflow.bench.systems import System
from soundflow.data.clips import ClipStore
from soundflow.data.compose import Composition
from soundflow.data.streams import StreamConfig, bench_config, long_stream, stream
from soundflow.data.timeline import Timeline
from soundflow.model.bundle import Bundle
from soundflow.stream.events import Decision
from soundflow.stream.session import Session

Task = Literal["proactive", "narration", "counting", "standing"]
Kind = Literal["streams", "background", "speech", "music"]

Listener = Bundle | System

STRAY_KINDS: tuple[Kind, ...] = ("background", "speech", "music")
STRAY_STREAM_SECONDS = 120.0  # of one long stream; chosen: three times nano's window


@dataclass(frozen=True)
class Setting:
    """What is heard: which clips, composed by which seed, for which task, and from which p(response) to speak."""

    store: ClipStore
    split: str
    seed: int
    task: Task = "proactive"
    threshold: float | None = None  # None takes the model's


@dataclass(frozen=True)
class Job:
    """One stream to hear: an ordinary one of the task, or a long one of one kind of sound."""

    kind: Kind
    index: int


@dataclass(frozen=True)
class Heard:
    """What one session said over one stream.

    Any threshold in (`above`, `up_to`] decides every chunk alike, and so gives this same session. `baselines` holds
    what the trivial systems said over the same stream, where they were asked.
    """

    job: Job
    timeline: Timeline
    replies: tuple[SpokenReply, ...]
    above: float = -math.inf
    up_to: float = math.inf
    baselines: Mapping[str, tuple[SpokenReply, ...]] = field(default_factory=dict, compare=False)


def task_config(task: Task) -> StreamConfig:
    """The bench's streams (16-24 s, 3-6 events, SNR 5-20 dB) of one task only."""
    return dataclasses.replace(
        bench_config(),
        narration_share=float(task == "narration"),
        counting_share=float(task == "counting"),
        standing_share=float(task == "standing"),
    )


def compose_job(setting: Setting, job: Job) -> Composition:
    """The stream of a job; the same for a seed, whoever composes it."""
    if job.kind == "streams":
        return stream(setting.store, setting.split, setting.seed, job.index, task_config(setting.task))
    return long_stream(setting.store, setting.split, job.kind, setting.seed, job.index, STRAY_STREAM_SECONDS)


def hear(listener: Listener, setting: Setting, job: Job) -> Heard:
    """One session over one stream, and what the trivial systems say to it; replies take no stream time here."""
    made = compose_job(setting, job)
    if isinstance(listener, System):
        found = Heard(job, made.timeline, tuple(listener.hear(made.samples, made.timeline.instruction)))
    else:
        found = hear_composed(listener, setting.threshold, job, made)
    return dataclasses.replace(found, baselines=gates_over(made))


def gates_over(made: Composition) -> dict[str, tuple[SpokenReply, ...]]:
    """What the gates say to a stream, by their names."""
    return {gate.name: tuple(gate.hear(made.samples, None)) for gate in gates()}


def hear_composed(bundle: Bundle, threshold: float | None, job: Job, made: Composition) -> Heard:
    """One session over a stream that is already composed."""
    with Session(bundle, instruction=made.timeline.instruction, threshold=threshold) as session:
        events = [*session.feed(made.samples), *session.end()]
    decisions = [event for event in events if isinstance(event, Decision)]
    return Heard(
        job,
        made.timeline,
        tuple(spoken(events)),
        max((d.p_response for d in decisions if d.decision == "silent"), default=-math.inf),
        min((d.p_response for d in decisions if d.decision == "response"), default=math.inf),
    )


def hear_all(listener: Listener, setting: Setting, jobs: Sequence[Job], workers: int = 1) -> Iterator[Heard]:
    """Every job in order, as they are done.

    Args:
        listener: a model, or any system; a system is heard in this process alone.
        workers: processes; each computes with one thread and has a copy of the model.
    """
    if workers <= 1 or isinstance(listener, System):
        yield from (hear(listener, setting, job) for job in jobs)
        return
    setting.store.prepare(setting.split)  # once here, and not at the same time in each of them
    state = pickle.dumps((listener, setting))
    pool = ProcessPoolExecutor(workers, get_context("spawn"), _start_worker, (state,))
    try:
        yield from pool.map(_hear_in_worker, jobs)
    finally:
        pool.shutdown(cancel_futures=True)


_worker_state: tuple[Bundle, Setting] | None = None  # of a worker process only


def _start_worker(state: bytes) -> None:
    global _worker_state
    torch.set_num_threads(1)
    _worker_state = pickle.loads(state)  # written by `hear_all` in the parent, never read from outside


def _hear_in_worker(job: Job) -> Heard:
    assert _worker_state is not None, "a worker was not started"
    return hear(*_worker_state, job)
