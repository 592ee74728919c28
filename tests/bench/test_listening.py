"""Composed streams heard through sessions: what was said and when, the same in one process or several."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from soundflow.bench.listening import Job, Setting, compose_job, hear, hear_all, task_config
from soundflow.bench.scoring import SpokenReply
from soundflow.data.clips import ClipStore
from soundflow.testing.model import Script, ScriptedReply, scripted_bundle
from tests.bench.streams import ALWAYS

ONE = Script({10: ScriptedReply("That is a siren.", "urgent")}, {4: 0.3})


def test_a_reply_starts_when_the_last_sample_of_its_chunk_is_in(store: ClipStore) -> None:
    found = hear(scripted_bundle(ONE), Setting(store, "test", seed=0), Job("streams", 0))
    assert found.replies == (SpokenReply(4.4, "That is a siren."),)  # chunks are 0.4 s and count from 0


def test_between_its_bounds_a_threshold_changes_nothing(store: ClipStore) -> None:
    job = Job("streams", 0)
    found = hear(scripted_bundle(ONE), Setting(store, "test", seed=0, threshold=0.5), job)
    assert found.above == pytest.approx(0.3) and found.up_to == pytest.approx(0.9)
    for threshold in (0.31, 0.89):
        assert hear(scripted_bundle(ONE), Setting(store, "test", seed=0, threshold=threshold), job) == found
    silent = hear(scripted_bundle(ONE), Setting(store, "test", seed=0, threshold=0.95), job)
    assert silent.replies == () and silent.up_to == math.inf


def test_a_seed_and_an_index_are_one_stream(store: ClipStore) -> None:
    made = [
        compose_job(Setting(store, "test", seed), Job("streams", i)) for seed, i in ((0, 0), (0, 0), (0, 1), (1, 0))
    ]
    assert made[0].samples.tobytes() == made[1].samples.tobytes() and made[0].timeline == made[1].timeline
    assert len({one.samples.tobytes() for one in made}) == 3


def test_the_task_says_what_streams_ask_for(store: ClipStore) -> None:
    assert task_config("proactive").counting_share == 0 and task_config("counting").counting_share == 1
    for task in ("proactive", "narration", "counting", "standing"):
        made = compose_job(Setting(store, "test", 0, task), Job("streams", 0)).timeline
        assert made.task == task
        assert (made.instruction is None) == (task == "proactive")


def test_long_streams_hold_nothing_that_calls(store: ClipStore) -> None:
    made = compose_job(Setting(store, "test", 0), Job("background", 0)).timeline
    assert made.seconds >= 120 and not any(event.decision == "respond" for event in made.events)


def test_one_process_hears_the_jobs_in_order(store: ClipStore) -> None:
    setting, jobs = Setting(store, "test", seed=1), [Job("streams", i) for i in (2, 0, 1)]
    found = list(hear_all(scripted_bundle(ALWAYS), setting, jobs))
    assert [one.job for one in found] == jobs
    assert found == [hear(scripted_bundle(ALWAYS), setting, job) for job in jobs]


@pytest.mark.slow
def test_several_processes_hear_the_same(store: ClipStore) -> None:
    setting, jobs = Setting(store, "test", seed=1), [Job("streams", i) for i in range(3)]
    alone = list(hear_all(scripted_bundle(), setting, jobs))
    assert list(hear_all(scripted_bundle(), setting, jobs, workers=2)) == alone


def test_streams_do_not_depend_on_where_the_clips_lie(store: ClipStore, tmp_path: Path) -> None:
    again = ClipStore(store.folder, tmp_path / "cache")
    job = Job("streams", 3)
    first, second = (compose_job(Setting(s, "test", 7), job) for s in (store, again))
    assert first.samples.tobytes() == second.samples.tobytes()
