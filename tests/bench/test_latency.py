"""Policy, queue and compute over streams; chunk sizes on the schedule alone."""

from __future__ import annotations

import pytest

from soundflow.bench.latency import CHUNK_SIZES, chunk_sizes, measure_split, split
from soundflow.bench.listening import Job, Setting, compose_job
from soundflow.bench.paced import FirstWord, Paced
from soundflow.data.clips import ClipStore
from soundflow.stream.clock import CostTable
from soundflow.testing.model import scripted_bundle
from tests.bench.streams import ALWAYS, event, timeline

COSTS = CostTable("round numbers", 10.0, ((1, 20.0), (2, 30.0)), 5.0)


def test_means_by_hand() -> None:
    siren = timeline(event(1, 3, "respond"), event(10, 12, "respond"))
    replies = (
        FirstWord(2.0, "A siren.", 0.1, 0.03),
        FirstWord(11.6, "A siren.", 0.0, 0.05),
        FirstWord(18.0, "", 0.2, 0.01),
    )
    found = split([siren], [Paced(replies, 50, 1)])
    assert found["policy"]["value"] == pytest.approx((1.0 + 1.6) / 2)  # the third answers nothing
    assert found["queue"]["value"] == pytest.approx(100) and found["compute"]["value"] == pytest.approx(30)
    assert found["first_text"]["value"] == pytest.approx(130)
    assert (found["stalled_percent"], found["replies"]) == (2.0, 3)


def test_a_silent_model_has_no_latency() -> None:
    found = split([timeline(event(1, 3, "respond"))], [Paced((), 50, 0)])
    assert found["policy"]["value"] is None and found["stalled_percent"] == 0


def test_every_clock_under_every_schedule(store: ClipStore) -> None:
    made = [compose_job(Setting(store, "test", 0), Job("streams", 0))]
    rows = measure_split(scripted_bundle(ALWAYS), made, COSTS)
    assert [(row["clock"].split(":")[0], row["schedule"]) for row in rows] == [
        ("simulated", "fifo"),
        ("simulated", "synchronous"),
        ("simulated", "fifo"),
        ("simulated", "synchronous"),
        ("wall", "fifo"),
        ("wall", "synchronous"),
    ]
    assert all(row["compute"]["value"] > 0 for row in rows)


def test_longer_chunks_wait_longer() -> None:
    streams = [timeline(event(1.03, 3, "respond"), event(9.17, 12, "respond"))]
    rows = chunk_sizes(streams, COSTS, native=0.4)
    assert [row["chunk_seconds"] for row in rows] == list(CHUNK_SIZES)
    computes = [row["compute"]["value"] for row in rows]
    assert computes == sorted(computes) and computes[1] == pytest.approx(35)
    # cues at 2.63 and 10.77 s: at 0.4 s they are heard at 2.8 and 10.8 s
    assert rows[1]["policy"]["value"] == pytest.approx((1.77 + 1.63) / 2)
