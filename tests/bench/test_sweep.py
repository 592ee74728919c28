"""The operating curve: one session for all thresholds between which no decision changes."""

from __future__ import annotations

import dataclasses

import pytest

from soundflow.bench.listening import Setting
from soundflow.bench.sweep import OperatingPoint, best_balanced, sweep
from soundflow.bench.trigger import run_trigger
from soundflow.data.clips import ClipStore
from soundflow.errors import UsageError
from soundflow.testing.model import caches_of, scripted_bundle
from tests.bench.streams import ALWAYS

SETTLED = dataclasses.replace(ALWAYS, p_response=dict.fromkeys(range(400), 0.45))  # p is 0.45 at every chunk


def sweep_of(store: ClipStore, thresholds: list[float], streams: int = 2) -> tuple[OperatingPoint, ...]:
    return sweep(scripted_bundle(SETTLED), Setting(store, "test", seed=2), streams, thresholds)


def test_a_model_speaks_below_its_p_and_is_silent_above(store: ClipStore) -> None:
    low, high, higher = sweep_of(store, [0.5, 0.4, 0.6, 0.5])
    assert [point.threshold for point in (low, high, higher)] == [0.4, 0.5, 0.6], "each once, ascending"
    assert (low.rates["recall"].value, low.rates["specificity"].value) == (1, 0)
    assert (high.rates["recall"].value, high.rates["specificity"].value) == (0, 1)
    assert high.rates == higher.rates
    assert low.stray_per_hour.value and high.stray_per_hour.value == 0


def test_each_point_is_what_the_bench_finds_at_that_threshold(store: ClipStore) -> None:
    for point in sweep_of(store, [0.4, 0.5]):
        setting = Setting(store, "test", seed=2, threshold=point.threshold)
        found = run_trigger(scripted_bundle(SETTLED), setting, streams=2, stray_hours=0.0)
        assert {name: getattr(found, name) for name in point.rates} == point.rates


def test_a_stream_is_heard_again_only_where_a_decision_changes(store: ClipStore) -> None:
    bundle = scripted_bundle(SETTLED)
    sweep(bundle, Setting(store, "test", seed=2), 1, [0.1, 0.2, 0.3, 0.45, 0.46, 0.7, 0.9])
    assert len(caches_of(bundle)) == 2, "one session up to 0.45, one above"


def test_the_best_point_is_the_most_careful_of_equals(store: ClipStore) -> None:
    assert best_balanced(sweep_of(store, [0.4, 0.5, 0.6])).threshold == 0.6


def test_a_point_is_one_flat_object(store: ClipStore) -> None:
    (point,) = sweep_of(store, [0.5], streams=1)
    found = point.to_dict()
    assert found["threshold"] == 0.5 and set(found["recall"]) == {"value", "low", "high"}
    assert found["stray_per_hour_in_streams"]["value"] == 0


@pytest.mark.parametrize(("streams", "thresholds"), [(1, []), (0, [0.5])])
def test_nothing_to_do_is_refused(store: ClipStore, streams: int, thresholds: list[float]) -> None:
    with pytest.raises(UsageError):
        sweep_of(store, thresholds, streams)
