"""Costs by hand, heads by lot, and sessions over tones."""

from __future__ import annotations

from pathlib import Path

import pytest

from soundflow.analysis.causal import causal_check, compare, random_heads
from soundflow.analysis.layers import Head
from soundflow.analysis.ledger import Ledger
from soundflow.analysis.sounds import composed_streams
from soundflow.bench.listening import Setting
from soundflow.data.clips import ClipStore
from soundflow.errors import InputError
from soundflow.model.bundle import Bundle
from tests.analysis.conftest import noises
from tests.bench.conftest import store

__all__ = ["store"]  # the fixture of the benchmarks' tests

TOP, OTHERS = Head(1, 2), (Head(0, 0), Head(0, 1))


def test_costs_by_hand() -> None:
    events = [("a", True), ("b", True), ("c", False), ("d", False)]
    right = {
        "undisturbed": (1, 1, 1, 0),  # recall 1, specificity 1/2
        "L1H2": (0, 0, 1, 0),  # recall 0, specificity 1/2
        "L0H0": (1, 0, 1, 0),  # recall 1/2
        "L0H1": (1, 1, 1, 1),  # specificity 1
    }
    judged = {name: [[*e, bool(r)] for e, r in zip(events, rs, strict=True)] for name, rs in right.items()}
    found = compare(judged, TOP, OTHERS, streams=1)
    assert [row["balanced_accuracy"].value for row in found.accuracy.values()] == [0.75, 0.25, 0.5, 1.0]
    assert found.cost_of_top.value == 0.5
    assert found.cost_of_random.value == 0.0  # one head costs a quarter, the other gains one
    assert found.top_beyond_random.value == 0.5
    assert found.accuracy["L1H2"]["recall"].value == 0 and found.events == 4


def test_random_heads_are_others_and_the_same_for_a_seed(bundle: Bundle) -> None:
    drawn = random_heads(bundle, TOP, 3, seed=7)
    assert drawn == random_heads(bundle, TOP, 3, seed=7) and len(set(drawn)) == 3 and TOP not in drawn
    assert len(random_heads(bundle, TOP, 99, seed=7)) == 7


def test_sessions_are_heard_once_and_kept(bundle: Bundle, store: ClipStore, tmp_path: Path) -> None:
    streams = composed_streams(Setting(store, "test", 0), 1)
    done: list[int] = []
    ledger = Ledger(tmp_path / "job.jsonl", {})
    found = causal_check(bundle, streams, TOP, OTHERS[:1], ledger, lambda: done.append(1))
    assert len(done) == len(ledger) == 3 and found.events > 0
    again = causal_check(bundle, streams, TOP, OTHERS[:1], Ledger(tmp_path / "job.jsonl", {}))
    assert again == found and len(ledger) == 3
    assert set(found.to_dict()["conditions"]) == {"undisturbed", "L1H2", "L0H0"}


def test_streams_nobody_knows_the_events_of_cannot_be_judged(bundle: Bundle, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no timeline"):
        causal_check(bundle, noises(1), TOP, OTHERS, Ledger(tmp_path / "job.jsonl", {}))
