"""Without FIFO words come later, chunks stall and listening resumes late; with it none stalls."""

from __future__ import annotations

from soundflow.analysis.ablation_schedule import FIGURES, ScheduleConfig, without_fifo


def test_the_papers_ordering_on_simulated_time() -> None:
    with_fifo, without = without_fifo(ScheduleConfig(dialogues=10), (1, 2))
    assert with_fifo["name"] == "with FIFO" and without["paper"].startswith("831 ms")
    assert all(without[figure]["mean"] > with_fifo[figure]["mean"] for figure in FIGURES)
    assert with_fifo["stall_percent"] == {"mean": 0.0, "deviation": 0.0}


def test_a_model_that_takes_no_time_needs_no_schedule() -> None:
    instant = ScheduleConfig(dialogues=3, encode_ms=0.001, decision_ms=0.002, text_token_ms=0.001)
    with_fifo, without = without_fifo(instant, (1,))
    assert without["stall_percent"] == with_fifo["stall_percent"] and without["first_text_ms"]["mean"] < 1
