"""The comparison of schedules: hand-computed streams and properties that must hold for any."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soundflow.bench import stream_measures as measures
from soundflow.bench.fifo import Call, Scenario, compare, draw_dialogue, draw_scenario, play, rows_table
from soundflow.stream.clock import CostTable

COSTS = CostTable("toy", 10.0, ((1, 30.0), (2, 40.0)), 100.0)


def test_a_stream_computed_by_hand() -> None:
    scenario = Scenario(4, (Call(0, 9),))
    fifo, one, synchronous = (play(scenario, COSTS, p) for p in ("fifo", "pop_one", "synchronous"))
    # response at 0.44, first text at 0.54, <eos> at 1.44
    for log in (fifo, one, synchronous):
        assert measures.first_chunk_latencies(log) == pytest.approx([0.14])
        assert log.responses[0].eos_time == pytest.approx(1.44)
    assert measures.resume_latencies(fifo) == pytest.approx([0.04])
    assert measures.resume_latencies(one) == pytest.approx([0.06])
    assert measures.resume_latencies(synchronous) == pytest.approx([0.08])
    assert measures.stalled_chunks(fifo) == measures.stalled_chunks(one) == []
    assert measures.stalled_chunks(synchronous) == [1]


def test_rows_lie_on_a_line() -> None:
    table = rows_table("3b", 11.1, 13, 31.5, 35.3)
    assert table.decision(1) == pytest.approx(35.3)
    assert table.decision(4) == pytest.approx(31.5 + (4 * 13 - 1) * (35.3 - 31.5) / 12)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 60))
def test_calls_are_answered_once_and_in_order_under_every_schedule(seed: int, tokens: int) -> None:
    rng = np.random.default_rng(seed)
    scenario = draw_scenario(rng, [tokens], answered=1.0) if seed % 2 else draw_dialogue(rng, (tokens, tokens))
    assert [c.ready for c in scenario.calls] == sorted(c.ready for c in scenario.calls)
    for policy in ("fifo", "pop_one", "synchronous"):
        log = play(scenario, COSTS, policy)
        answered = [r.ready_chunk for r in log.responses]
        # a dense stream may end before the last calls are answered
        assert answered == [c.ready for c in scenario.calls][: len(answered)]
        assert tokens > 8 or len(answered) == len(scenario.calls)
        assert all(len(r.text_token_times) == tokens for r in log.responses)
        assert all(r.ready_chunk is not None and r.trigger_chunk >= r.ready_chunk for r in log.responses)
        if policy != "synchronous":
            assert measures.stalled_chunks(log) == []


def test_the_comparison_is_the_same_for_the_same_seed_and_favours_fifo() -> None:
    rng = np.random.default_rng(5)
    scenarios = [draw_scenario(rng, [20, 30], 1.0) for _ in range(20)]
    first, again = (compare(scenarios, COSTS, seed=1, draws=50) for _ in range(2))
    assert first == again
    assert first["stall_percent"]["fifo"]["value"] == 0.0
    assert first["resume_ms"]["pop_one_over_fifo"]["value"] > 1.0
    row = first["event_latency_ms"]["synchronous_over_fifo"]
    assert row["low"] <= row["value"] <= row["high"]
