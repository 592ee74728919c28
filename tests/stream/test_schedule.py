"""Who works when, on a simulated clock: hand-computed times."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundflow.stream.clock import CostTable, SimulatedClock, WallClock
from soundflow.stream.fifo import FifoRule, Flush, TextStep, TokenKind
from soundflow.stream.schedule import Immediate, Policy, Simulated

COSTS = CostTable("toy", 10.0, ((1, 30.0), (2, 40.0)), 100.0)


@dataclass(frozen=True)
class Step:
    kind: TokenKind
    chunks: tuple[int, ...] = ()


class Script:
    """A decoder that answers after the named chunks with so many text tokens."""

    def __init__(self, replies: dict[int, int]) -> None:
        self.replies = replies
        self.left = 0

    def __call__(self, action: Flush[int] | TextStep) -> Step:
        if isinstance(action, Flush):
            self.left = self.replies.get(action.chunks[-1], -1)
            return Step(TokenKind.RESPONSE if self.left >= 0 else TokenKind.SILENT, action.chunks)
        self.left -= 1
        return Step(TokenKind.TEXT if self.left >= 0 else TokenKind.EOS)


def play(policy: Policy, replies: dict[int, int], chunks: int) -> tuple[list[tuple[Step, float]], list[float]]:
    told: list[tuple[Step, float]] = []
    encoded: list[float] = []
    rule: FifoRule[int] = FifoRule(drain="one" if policy == "pop_one" else "all")
    schedule: Simulated[int, Step] = Simulated(
        rule,
        SimulatedClock(COSTS),
        Script(replies),
        lambda step, at: told.append((step, round(at, 6))),
        policy,
        lambda chunk, at: encoded.append(round(at, 6)),
    )
    for chunk in range(chunks):
        schedule.arrive(chunk, 0.4 * (chunk + 1))
    schedule.finish()
    return told, encoded


def controls(told: list[tuple[Step, float]]) -> list[tuple[tuple[int, ...], float]]:
    return [(step.chunks, at) for step, at in told if step.chunks]


def test_fifo_flushes_what_came_while_it_spoke() -> None:
    told, encoded = play("fifo", {0: 9}, 4)
    # decides chunk 0 at 0.44, nine tokens and <eos> until 1.44; chunks 1 and 2 wait meanwhile
    assert controls(told) == [((0,), 0.44), ((1, 2), 1.48), ((3,), 1.64)]
    assert encoded == [0.41, 0.81, 1.21, 1.61]


def test_popping_one_spends_steps_on_stale_chunks() -> None:
    told, encoded = play("pop_one", {0: 9}, 4)
    assert controls(told) == [((0,), 0.44), ((1,), 1.47), ((2,), 1.5), ((3,), 1.64)]
    assert encoded == [0.41, 0.81, 1.21, 1.61]


def test_synchronous_does_not_hear_while_it_speaks() -> None:
    told, encoded = play("synchronous", {0: 9}, 4)
    assert controls(told) == [((0,), 0.44), ((1,), 1.48), ((2,), 1.52), ((3,), 1.64)]
    assert encoded == [0.41, 1.45, 1.49, 1.61]


def test_a_chunk_ready_while_a_decision_is_being_made_waits_for_the_next() -> None:
    slow = CostTable("slow", 10.0, ((1, 500.0),), 100.0)
    told: list[tuple[Step, float]] = []
    schedule: Simulated[int, Step] = Simulated(
        FifoRule(), SimulatedClock(slow), Script({}), lambda step, at: told.append((step, round(at, 6)))
    )
    for chunk in range(3):
        schedule.arrive(chunk, 0.4 * (chunk + 1))
    schedule.finish()
    assert controls(told) == [((0,), 0.91), ((1,), 1.41), ((2,), 1.91)]


def test_immediate_speaks_whole_replies_between_chunks() -> None:
    told: list[Step] = []
    schedule: Immediate[int, Step] = Immediate(
        FifoRule(), WallClock(), Script({0: 2}), lambda step, at: told.append(step)
    )
    for chunk in range(2):
        schedule.arrive(chunk, 0.0)
    kinds = [step.kind.value for step in told]
    assert kinds == ["response", "text", "text", "eos", "silent"]


def test_a_synchronous_backlog_is_bounded() -> None:
    rule: FifoRule[int] = FifoRule(capacity=3)
    schedule: Simulated[int, Step] = Simulated(
        rule, SimulatedClock(COSTS), Script({0: 60}), lambda step, at: None, "synchronous"
    )
    for chunk in range(12):
        schedule.arrive(chunk, 0.4 * (chunk + 1))
    assert rule.dropped == 12 - 1 - 3


@pytest.mark.parametrize("policy", ["fifo", "pop_one", "synchronous"])
@given(replies=st.dictionaries(st.integers(0, 30), st.integers(0, 20), max_size=6), chunks=st.integers(1, 31))
def test_every_chunk_is_heard_once_in_order_and_time_moves_forward(
    policy: Policy, replies: dict[int, int], chunks: int
) -> None:
    told, encoded = play(policy, replies, chunks)
    assert [c for step, _ in told for c in step.chunks] == list(range(chunks))
    times = [at for _, at in told]
    assert times == sorted(times)
    assert all(at >= 0.4 * (step.chunks[-1] + 1) for step, at in told if step.chunks)
    assert encoded == sorted(encoded) and len(encoded) == chunks
