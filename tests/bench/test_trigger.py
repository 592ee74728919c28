"""`bench trigger` on a model whose words are written beforehand, over a folder of tones."""

from __future__ import annotations

import dataclasses
import io
import json

import pytest
from rich.console import Console
from tests.bench.streams import event, timeline
from tests.data.test_clips import write_folder

from soundflow.bench.bootstrap import NOTHING
from soundflow.bench.listening import Job, Setting, compose_job, hear, hear_all
from soundflow.bench.report import trigger_table
from soundflow.bench.scoring import SpokenReply
from soundflow.bench.sweep import best_balanced, sweep
from soundflow.bench.trigger import report, run_trigger
from soundflow.data.clips import ClipStore
from soundflow.data.timeline import chunk_of
from soundflow.errors import InputError, UsageError
from soundflow.testing.model import Script, ScriptedReply, scripted_bundle

ALWAYS = Script({k: ScriptedReply("That is a siren.") for k in range(400)})


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ClipStore:
    """Three labels of an unknown folder; no speech and no music."""
    folder = tmp_path_factory.mktemp("clips")
    labels = {"siren": {"display": "Siren", "proactive": True}, "cow": {"proactive": False}}
    common = {"kind": "event", "split": "test"}
    rows = [
        {"id": f"{label}{i}", "path": f"{label}{i}.wav", "label": label, "length": 1.0 + i} | common
        for label in labels
        for i in range(4)
    ]
    rows.append({"id": "b", "label": "room", "kind": "background", "split": "test", "length": 7.0, "path": "b.wav"})
    return ClipStore(write_folder(folder / "in", rows, labels), folder / "cache")


def test_rates_by_hand() -> None:
    calls, others = [event(k, k + 1, "respond", recording=f"a{k}") for k in (1, 6)], event(11, 12, "ignore", "cow")
    answers = [SpokenReply(2.0, "That is a siren."), SpokenReply(11.2, "A cow.")]
    found = report([(timeline(*calls, others), answers)], {"siren": ("siren",)}, {}, {})
    assert found.recall.value == 0.5 and found.specificity.value == 0.0
    assert found.balanced_accuracy.value == 0.25 and found.trigger_accuracy.value == pytest.approx(1 / 3)
    assert found.named.value == 1.0
    assert found.per_label["siren"]["n"] == 2 and found.per_label["siren"]["right"] == 1
    assert found.per_label["cow"]["decision"] == "ignore"


def test_trivial_answers_score_one_half() -> None:
    found = report([(timeline(event(1, 2, "respond"), event(8, 9, "ignore", "cow")), [])], {}, {}, {})
    silent, always = found.trivial["always_silent"], found.trivial["always_respond"]
    assert (silent["recall"]["value"], silent["specificity"]["value"]) == (0, 1)
    assert (always["recall"]["value"], always["specificity"]["value"]) == (1, 0)
    assert silent["balanced_accuracy"]["value"] == always["balanced_accuracy"]["value"] == 0.5
    assert silent["stray_per_hour"] == 0 and always["stray_per_hour"] == 9000


def test_a_silent_and_a_talkative_model_score_what_the_trivial_rows_say(store: ClipStore) -> None:
    setting = Setting(store, "test", seed=3)
    silent = run_trigger(scripted_bundle(), setting, streams=4, stray_hours=0.0)
    talking = run_trigger(scripted_bundle(ALWAYS), setting, streams=4, stray_hours=0.0)
    assert (silent.recall.value, silent.specificity.value) == (0, 1)
    assert (talking.recall.value, talking.specificity.value) == (1, 0)
    assert talking.named.value == 1.0
    assert silent.streams == 4 and silent.events == talking.events > 0


def test_a_model_that_answers_at_every_cue_is_right_everywhere(store: ClipStore) -> None:
    setting = Setting(store, "test", seed=5)
    made = compose_job(setting, Job("streams", 0)).timeline
    due = {chunk_of(e.cue, 0.4): ScriptedReply("Siren.") for e in made.events if e.decision == "respond"}
    found = run_trigger(scripted_bundle(Script(due)), setting, streams=1, stray_hours=0.0)
    assert found.trigger_accuracy.value == found.named.value == 1.0


def test_the_same_streams_whatever_the_number_of_processes(store: ClipStore) -> None:
    setting, jobs = Setting(store, "test", seed=1), [Job("streams", i) for i in range(2)]
    first = [hear(scripted_bundle(), setting, job) for job in jobs]
    assert list(hear_all(scripted_bundle(), setting, jobs)) == first


def test_kinds_that_are_not_there_say_so(store: ClipStore) -> None:
    found = run_trigger(scripted_bundle(), Setting(store, "test", seed=0), streams=1, stray_hours=1 / 60)
    assert found.stray_per_hour["background"].replies == 0 and found.stray_per_hour["background"].hours > 0
    assert found.stray_per_hour["speech"].rate == NOTHING and "speech" in str(found.stray_per_hour["speech"].reason)


def test_the_object_is_json_and_becomes_a_table(store: ClipStore) -> None:
    found = run_trigger(scripted_bundle(ALWAYS), Setting(store, "test", seed=0), streams=2, stray_hours=0.0).to_dict()
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    console = Console(width=140, record=True, file=io.StringIO())
    console.print(trigger_table(found))
    text = console.export_text()
    assert "balanced_accuracy" in text and "always respond" in text and "siren" in text


def test_unusable_requests_are_one_line(store: ClipStore) -> None:
    with pytest.raises(InputError, match="no split 'train'"):
        run_trigger(scripted_bundle(), Setting(store, "train", seed=0), streams=1)
    with pytest.raises(UsageError, match="0 streams"):
        run_trigger(scripted_bundle(), Setting(store, "test", seed=0), streams=0)


def test_a_sweep_hears_again_only_where_a_decision_changes(store: ClipStore) -> None:
    setting = Setting(store, "test", seed=2)
    script = dataclasses.replace(ALWAYS, p_response=dict.fromkeys(range(400), 0.45))
    low, high, higher = sweep(scripted_bundle(script), setting, 2, [0.4, 0.5, 0.6])
    assert (low.rates["recall"].value, high.rates["recall"].value) == (1, 0)
    assert high.rates == higher.rates
    assert best_balanced([low, high, higher]).threshold == 0.6, "the highest among equals"
    with pytest.raises(UsageError):
        sweep(scripted_bundle(), setting, 1, [])
