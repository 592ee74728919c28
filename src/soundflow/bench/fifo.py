"""FIFO against its two baselines on simulated time: same streams, same costs, only the schedule differs.

The schedule that runs is the one of `stream/`; the network is replaced by its cost table and a list of who is
answered when. Tests: tests/bench/test_fifo.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from soundflow.bench import stream_measures as measures
from soundflow.bench.bootstrap import Counts, bootstrap
from soundflow.bench.stream_measures import Control, Response, StreamLog
from soundflow.stream.clock import CostTable, SimulatedClock
from soundflow.stream.fifo import FifoRule, Flush, TextStep, TokenKind
from soundflow.stream.schedule import Policy, Simulated

POLICIES: tuple[Policy, ...] = ("fifo", "pop_one", "synchronous")
_EVENTS = (3, 6)  # sounds in a stream; as the training and test streams have them
_GAP_SECONDS = (0.8, 2.4)  # between two sounds (ruling 10)
_SOUND_SECONDS = (1.0, 5.0)  # length of a sound; the clips have 1 to 5 s
_CUE_SECONDS = 1.6  # after which a sound can be answered at the latest (ruling 1)
_TURN_SECONDS = (1.2, 3.2)  # between two calls of a dialogue; chosen
_TAIL_SECONDS = 2.0  # after the last sound, so that its reply can be seen to end


@dataclass(frozen=True)
class Call:
    """A sound that wants a reply of `tokens` text tokens, possible from chunk `ready` on."""

    ready: int
    tokens: int


@dataclass(frozen=True)
class Scenario:
    """One stream: how many chunks, and its calls in order."""

    chunks: int
    calls: tuple[Call, ...]


def draw_scenario(
    rng: np.random.Generator, reply_tokens: Sequence[int], answered: float, chunk_seconds: float = 0.4
) -> Scenario:
    """A stream of 3 to 6 sounds, each answered with probability `answered` by a reply of a drawn length."""
    at, calls = 0.0, []
    for _ in range(rng.integers(_EVENTS[0], _EVENTS[1] + 1)):
        onset = at + rng.uniform(*_GAP_SECONDS)
        at = onset + rng.uniform(*_SOUND_SECONDS)
        cue = min(at, onset + _CUE_SECONDS)
        if rng.random() < answered:
            calls.append(Call(math.ceil(cue / chunk_seconds) - 1, int(rng.choice(reply_tokens))))
    return Scenario(math.ceil((at + _TAIL_SECONDS) / chunk_seconds), tuple(calls))


def draw_dialogue(
    rng: np.random.Generator, reply_tokens: tuple[int, int] = (20, 60), calls: int = 8, chunk_seconds: float = 0.4
) -> Scenario:
    """A dense stream: calls 1.2 to 3.2 s apart with replies of 20 to 60 tokens, as in a conversation."""
    dues = np.cumsum(rng.uniform(*_TURN_SECONDS, size=calls))
    lengths = rng.integers(reply_tokens[0], reply_tokens[1] + 1, size=calls)
    made = [Call(math.ceil(due / chunk_seconds) - 1, int(n)) for due, n in zip(dues, lengths, strict=True)]
    return Scenario(math.ceil((dues[-1] + _TAIL_SECONDS) / chunk_seconds), tuple(made))


@dataclass
class _Step:
    kind: TokenKind
    newest: int | None = None
    call: Call | None = None


@dataclass
class _ScriptedDecoder:
    """Answers the oldest call that is due whenever it may decide."""

    calls: list[Call]
    left: int = 0

    def __call__(self, action: Flush[int] | TextStep) -> _Step:
        if isinstance(action, TextStep):
            self.left -= 1
            return _Step(TokenKind.TEXT if self.left >= 0 else TokenKind.EOS)
        newest = action.chunks[-1]
        if not self.calls or self.calls[0].ready > newest:
            return _Step(TokenKind.SILENT, newest)
        call = self.calls.pop(0)
        self.left = call.tokens
        return _Step(TokenKind.RESPONSE, newest, call)


@dataclass
class _Recorder:
    """Writes down what a schedule tells, in the form the measures read."""

    encode_done: list[float] = field(default_factory=list)
    controls: list[Control] = field(default_factory=list)
    responses: list[Response] = field(default_factory=list)
    _newest: int = 0
    _call: Call | None = None
    _text: list[float] = field(default_factory=list)

    def heard(self, chunk: int, at: float) -> None:
        self.encode_done.append(at)

    def told(self, step: _Step, at: float) -> None:
        if step.newest is not None:
            self.controls.append(Control(at, step.newest))
            self._newest, self._call, self._text = step.newest, step.call, []
        elif step.kind is TokenKind.TEXT:
            self._text.append(at)
        else:
            assert self._call is not None
            self.controls.append(Control(at, None))
            self.responses.append(Response(self._newest, self._call.ready, tuple(self._text), at))


def play(scenario: Scenario, costs: CostTable, policy: Policy, chunk_seconds: float = 0.4) -> StreamLog:
    """Play one stream under one schedule."""
    recorder = _Recorder()
    rule: FifoRule[int] = FifoRule(scenario.chunks, "error", "one" if policy == "pop_one" else "all")
    decoder = _ScriptedDecoder(list(scenario.calls))
    schedule = Simulated(rule, SimulatedClock(costs), decoder, recorder.told, policy, recorder.heard)
    arrival = tuple((t + 1) * chunk_seconds for t in range(scenario.chunks))
    for chunk, at in enumerate(arrival):
        schedule.arrive(chunk, at)
    schedule.finish()
    done = tuple(recorder.encode_done)
    return StreamLog(chunk_seconds, arrival, done, tuple(recorder.controls), tuple(recorder.responses))


_MEASURES: dict[str, Callable[[StreamLog], list[float]]] = {
    "first_text_ms": lambda log: [1e3 * x for x in measures.first_chunk_latencies(log)],
    "event_latency_ms": lambda log: [1e3 * x for x in measures.event_latencies(log)],
    "stall_percent": lambda log: [
        100.0 * (done - arrived > log.chunk_seconds) for arrived, done in zip(log.arrival, log.encode_done, strict=True)
    ],
    "resume_ms": lambda log: [1e3 * x for x in measures.resume_latencies(log)],
    "resume_behind_ms": lambda log: [1e3 * x for x in measures.resume_latencies(log, only_behind=True)],
}


def compare(
    scenarios: Sequence[Scenario], costs: CostTable, seed: int, draws: int = 2000, chunk_seconds: float = 0.4
) -> dict[str, Any]:
    """Every measure under every schedule, and the baselines' ratios to FIFO, with 95 % intervals by stream.

    A measure of which there is no case (nobody was ever behind) is left out.
    """
    logs = {policy: [play(s, costs, policy, chunk_seconds) for s in scenarios] for policy in POLICIES}

    def interval(counts: Counts, figure: Callable[[Counts], Counts]) -> dict[str, float | None]:
        return bootstrap(counts, range(len(scenarios)), figure, (seed, 1), draws).to_dict()

    found: dict[str, Any] = {}
    for name, measure in _MEASURES.items():
        counts = {policy: _counts([measure(log) for log in logs[policy]]) for policy in POLICIES}
        total, cases = counts["fifo"].sum(axis=0)
        if not cases:
            continue
        row: dict[str, Any] = {policy: interval(counts[policy], _mean) for policy in POLICIES}
        if total > 0:
            for policy in POLICIES[1:]:
                row[f"{policy}_over_fifo"] = interval(np.hstack([counts[policy], counts["fifo"]]), _ratio)
        row["count"] = int(cases)
        found[name] = row
    return found


def _counts(per_stream: Sequence[Sequence[float]]) -> Counts:
    """[streams, (sum, count)]: all that means over pooled values need."""
    return np.array([(sum(values), len(values)) for values in per_stream], dtype=np.float64)


def _mean(counts: Counts) -> Counts:
    return np.asarray(counts[..., 0] / np.maximum(counts[..., 1], 1.0))


def _ratio(counts: Counts) -> Counts:
    """Of two means; where a draw's second one is 0 a very large number, for JSON knows no infinity."""
    return np.asarray(_mean(counts[..., :2]) / np.maximum(_mean(counts[..., 2:]), 1e-12))


def rows_table(name: str, encode_ms: float, rows_per_chunk: int, one_row_ms: float, chunk_rows_ms: float) -> CostTable:
    """A cost table for a decoder of which one row and one chunk's rows were measured: a line through both.

    Args:
        one_row_ms: a text token.
        chunk_rows_ms: a decision on one chunk of `rows_per_chunk` rows.
    """
    per_row = (chunk_rows_ms - one_row_ms) / (rows_per_chunk - 1)
    two = chunk_rows_ms + per_row * rows_per_chunk
    return CostTable(name, encode_ms, ((1, chunk_rows_ms), (2, two)), one_row_ms)
