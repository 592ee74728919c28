"""The stream measures against hand-made cases and the reference's worked examples."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from soundflow.bench import stream_measures as m

LOG = m.StreamLog(
    chunk_seconds=0.4,
    arrival=(0.4, 0.8, 1.2, 1.6),
    encode_done=(0.41, 0.81, 1.61, 1.61),
    controls=(m.Control(0.45, 0), m.Control(1.3, None), m.Control(1.4, 1), m.Control(1.5, 2), m.Control(1.7, 3)),
    responses=(m.Response(0, None, (0.5, 0.6), 1.3), m.Response(1, 0, (), 1.65)),
)


@pytest.fixture
def golden(shared_dir: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((shared_dir / "benchmarks/goldens/stream_measures.json").read_text())
    return loaded


def read_log(row: dict[str, Any]) -> m.StreamLog:
    """The reference counts chunks from 1, we from 0."""
    return m.StreamLog(
        row["chunk_s"],
        tuple(row["arrival"]),
        tuple(row["encode_done"]),
        tuple(m.Control(t, None if chunk is None else chunk - 1) for t, chunk, _ in row["control_tokens"]),
        tuple(
            m.Response(r["trigger_chunk"] - 1, r["ready_chunk"] - 1, tuple(r["text_token_times"]), r["eos_time"])
            for r in row["responses"]
        ),
    )


def test_a_stall_is_more_than_one_chunk_period() -> None:
    assert m.stalled_chunks(LOG) == [2]
    assert m.stall_percent(LOG) == 25.0


def test_replies_without_text_have_no_first_text() -> None:
    assert m.first_chunk_latencies(LOG) == pytest.approx([0.1])
    assert m.event_latencies(LOG) == []


def test_resuming_waits_for_a_control_token_that_has_heard_everything() -> None:
    assert m.resume_latencies(LOG) == pytest.approx([0.2, 0.05])


def test_resuming_may_leave_out_replies_during_which_nothing_arrived() -> None:
    assert m.resume_latencies(LOG, only_behind=True) == pytest.approx([0.2, 0.05])
    quick = m.StreamLog(0.4, LOG.arrival, LOG.encode_done, LOG.controls, (m.Response(2, 2, (1.25,), 1.3),))
    assert m.resume_latencies(quick) == pytest.approx([0.2])
    assert m.resume_latencies(quick, only_behind=True) == []


def test_resume_is_left_out_when_the_stream_ends_first() -> None:
    cut = m.StreamLog(0.4, LOG.arrival, LOG.encode_done, LOG.controls[:3], LOG.responses)
    assert m.resume_latencies(cut) == []


def test_constant_frames_are_wholly_continuous() -> None:
    assert m.continuity(np.ones((3, 4, 5))).ratio == pytest.approx(1.0)


def test_silence_rates_of_a_stream_with_itself_correlate_fully() -> None:
    silent = [t % 7 > 2 for t in range(23)]
    assert m.silence_rate_correlation(silent, silent) == pytest.approx(1.0)
    assert m.silence_rate_correlation(silent[:9], silent) is None
    assert m.silence_rate_correlation([True] * 20, silent) is None


def test_latency_goldens(golden: dict[str, Any]) -> None:
    for row in golden["latency"]:
        log, expected = read_log(row), row["expected"]
        assert m.first_chunk_latencies(log) == pytest.approx(expected["first_chunk_latency_s"], abs=2e-6)
        assert m.event_latencies(log) == pytest.approx(expected["event_latency_s"], abs=2e-6)
        assert m.resume_latencies(log) == pytest.approx(expected["resume_latency_s"], abs=2e-6)
        assert [t + 1 for t in m.stalled_chunks(log)] == expected["stalled_chunks"]
        assert m.stall_percent(log) == pytest.approx(expected["stall_percent"], abs=1e-6)


def test_continuity_goldens(golden: dict[str, Any]) -> None:
    for row in golden["continuity"]:
        found, expected = m.continuity(np.asarray(row["chunks"])), row["expected"]
        assert found.boundary_mean == pytest.approx(expected["boundary_mean"], abs=1e-6)
        assert found.intra_mean == pytest.approx(expected["intra_mean"], abs=1e-6)
        assert found.ratio == pytest.approx(expected["continuity_ratio"], abs=1e-5)


def test_head_ablation_goldens(golden: dict[str, Any]) -> None:
    for row in golden["head_ablation"]:
        for head, ablated in row["ablated"].items():
            found, expected = m.head_ablation(row["full_model"], ablated), row["expected"][head]
            assert found.token_match == pytest.approx(expected["token_match"], abs=1e-6)
            assert found.drop == pytest.approx(expected["drop"], abs=1e-6)
            assert found.drop_response_only == pytest.approx(expected["drop_response_only"], abs=1e-6)


def test_concatenation_goldens(golden: dict[str, Any]) -> None:
    for row in golden["concatenation"]:
        assert m.concatenation_items(row["n_items"]) == row["items_used"]
        right = {int(n): [c == "1" for c in bits] for n, bits in row["correct_in_order"].items()}
        for n, found in m.concatenation_stability(right).items():
            expected = row["expected"][str(n)]
            assert found.streams == expected["streams"]
            assert found.accuracy == pytest.approx(expected["accuracy"], abs=1e-6)
            assert found.by_position == pytest.approx(expected["by_position"], abs=1e-6)
            assert found.retention == pytest.approx(expected["retention"], abs=1e-6)


def test_strict_trigger_goldens(golden: dict[str, Any]) -> None:
    for row in golden["trigger"]:
        segments = [m.Segment(s["start"], s["end"], s["label"], s.get("ready")) for s in row["segments"]]
        found, expected = m.strict_trigger(segments, row["response_chunks"]), row["expected"]
        assert list(found.segment_correct) == expected["segment_correct"]
        for name in ("trigger_accuracy", "respond_recall", "silent_specificity", "chunk_accuracy"):
            assert getattr(found, name) == pytest.approx(expected[name], abs=1e-6)
