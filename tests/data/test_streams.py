"""Random streams: the same for a seed, of the right length, with replies where ruling 1 puts them."""

from __future__ import annotations

import dataclasses
import math
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soundflow.data.clips import ClipStore
from soundflow.data.compose import ComposeConfig
from soundflow.data.streams import StreamConfig, bench_config, common_limit, cut, long_stream, stream, training_config
from soundflow.errors import InputError
from tests.data.test_clips import write_folder

TASKS = ("proactive", "narration", "counting", "standing", "quiet")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ClipStore:
    """A small foreign folder: labels nobody here knows beside known ones, clips from 0.3 to 9 seconds."""
    folder = tmp_path_factory.mktemp("clips")
    labels = {
        "siren": {"display": "Siren", "proactive": True},
        "geyser": {"display": "Geyser", "proactive": True, "synonyms": ["hot spring"]},
        "cow": {"display": "Cow", "proactive": False},
        "robot": {"proactive": False},
        "rain": {"display": "Rain", "proactive": None},
    }
    rows = [
        {"id": f"{split}-{label}-{i}", "label": label, "kind": "event", "split": split, "length": 0.3 + 2.9 * i}
        for split in ("train", "test")
        for label in labels
        for i in range(4)
    ]
    for split in ("train", "test"):
        for kind in ("background", "speech", "music"):
            rows.append({"id": f"{split}-{kind}", "label": f"{kind}_x", "kind": kind, "split": split, "length": 7.0})
    for row in rows:
        row["path"] = f"{row['id']}.wav"
    return ClipStore(write_folder(folder / "in", rows, labels), folder / "cache")


def only(task: str) -> StreamConfig:
    """Training streams of one task."""
    return dataclasses.replace(
        training_config(),
        narration_share=float(task == "narration"),
        counting_share=float(task == "counting"),
        standing_share=float(task == "standing"),
        quiet_share=float(task == "quiet"),
    )


@settings(max_examples=20)
@given(seed=st.integers(0, 1000), index=st.integers(0, 1000), task=st.sampled_from(TASKS))
def test_length_events_and_replies(store: ClipStore, seed: int, index: int, task: str) -> None:
    made = stream(store, "train", seed, index, only(task))
    line = made.timeline
    assert line.task == task
    assert 16.0 <= line.seconds <= 24.0
    assert len(made.samples) == round(line.seconds * 16_000)
    assert len(made.samples) % 6400 == 0
    assert np.abs(made.samples).max() <= 0.99
    for event in line.events:
        assert event.clip.startswith("train-") or event.synthetic
        assert event.cue == min(event.end, event.onset + 1.6) or event.decision != "respond"
        assert (event.reply is not None) == (event.decision == "respond")
    for chunk, _, i in line.responses:
        assert chunk == max(0, math.ceil(round(line.events[i].cue * 16_000) / 6400) - 1)
    for noise in line.noise:
        assert noise.clip.startswith("train-") or noise.clip == "generated"


@settings(max_examples=5)
@given(seed=st.integers(0, 1000), index=st.integers(0, 1000))
def test_same_number_same_bytes_in_any_process(store: ClipStore, seed: int, index: int) -> None:
    here = stream(store, "train", seed, index, training_config())
    elsewhere = pickle.loads(pickle.dumps(store))
    stream(elsewhere, "train", seed + 1, index, training_config())
    there = stream(elsewhere, "train", seed, index, pickle.loads(pickle.dumps(training_config())))
    assert here.samples.tobytes() == there.samples.tobytes()
    assert here.timeline == there.timeline


def test_other_numbers_give_other_streams(store: ClipStore) -> None:
    made = {stream(store, "test", s, i, bench_config()).samples.tobytes() for s in (0, 1) for i in (0, 1, 2)}
    assert len(made) == 6


@settings(max_examples=12)
@given(seed=st.integers(0, 1000), index=st.integers(0, 1000))
def test_bench_streams(store: ClipStore, seed: int, index: int) -> None:
    line = stream(store, "test", seed, index, bench_config()).timeline
    assert line.instruction is None
    assert 3 <= len(line.events) <= 6
    assert {event.decision for event in line.events} <= {"respond", "ignore"}
    assert all(event.kind == "event" and event.clip.startswith("test-") for event in line.events)
    assert not any(event.synthetic for event in line.events)
    assert [track.kind for track in line.noise] == ["event", "ambient"]
    assert all(5 <= track.snr_db <= 25 for track in line.noise)


def test_unknown_labels_stay_in_and_are_named(store: ClipStore) -> None:
    lines = [stream(store, "test", 0, i, bench_config()).timeline for i in range(20)]
    said = {e.label: e.reply.text for line in lines for e in line.events if e.reply}
    assert "geyser" in said["geyser"]
    assert "robot" in {e.label for line in lines for e in line.events}


def test_labels_can_be_chosen(store: ClipStore) -> None:
    config = dataclasses.replace(bench_config(), labels=("siren", "cow"))
    lines = [stream(store, "test", 0, i, config).timeline for i in range(10)]
    assert {e.label for line in lines for e in line.events} == {"siren", "cow"}


@pytest.mark.parametrize("kind", ["background", "speech", "music"])
def test_quiet_streams_of_one_kind(store: ClipStore, kind: str) -> None:
    config = dataclasses.replace(bench_config(), quiet_share=1.0, quiet_kinds=(kind,))
    line = stream(store, "test", 0, 0, config).timeline
    assert line.responses == ()
    assert {event.kind for event in line.events} == ({kind} - {"background"})
    assert line.noise


def test_an_instruction_in_a_quiet_stream_goes_unanswered(store: ClipStore) -> None:
    config = dataclasses.replace(bench_config(), quiet_share=1.0, quiet_instruction_share=1.0)
    lines = [stream(store, "test", 0, i, config).timeline for i in range(8)]
    assert all(line.instruction and line.responses == () for line in lines)


@pytest.mark.parametrize("kind", ["background", "speech", "music"])
def test_long_quiet_streams(store: ClipStore, kind: str) -> None:
    made = long_stream(store, "test", kind, 0, 0, 60.0)
    assert 60.0 <= made.timeline.seconds < 90.0
    assert made.timeline.responses == ()
    assert {event.kind for event in made.timeline.events} == ({kind} - {"background"})
    assert made.samples.tobytes() == long_stream(store, "test", kind, 0, 0, 60.0).samples.tobytes()


def test_long_streams_need_clips_of_their_kind(store: ClipStore) -> None:
    with pytest.raises(InputError, match="leave that kind out"):
        long_stream(store, "test", "traffic", 0, 0, 60.0)


def test_generated_alarms_say_so(store: ClipStore, tmp_path: Path) -> None:
    rows = [{"id": "d", "path": "d.wav", "label": "doorbell", "proactive": True, "length": 2.0}]
    small = ClipStore(write_folder(tmp_path / "in", rows), tmp_path / "cache")
    line = stream(small, "test", 0, 0, dataclasses.replace(bench_config(), generated_share=1.0)).timeline
    assert {(e.synthetic, e.source, e.label) for e in line.events} == {(True, "soundflow", "doorbell")}


def test_noise_is_generated_where_there_is_none(tmp_path: Path) -> None:
    rows = [{"id": "d", "path": "d.wav", "label": "doorbell", "proactive": True, "length": 2.0}]
    small = ClipStore(write_folder(tmp_path / "in", rows), tmp_path / "cache")
    line = stream(small, "test", 0, 0, bench_config()).timeline
    assert [track.source for track in line.noise] == ["soundflow", "soundflow"]


def test_a_split_without_decisions_is_an_error(tmp_path: Path) -> None:
    rows = [{"id": "d", "path": "d.wav", "label": "rain", "proactive": None, "length": 2.0}]
    small = ClipStore(write_folder(tmp_path / "in", rows), tmp_path / "cache")
    with pytest.raises(InputError, match="no event"):
        stream(small, "test", 0, 0, bench_config())
    with pytest.raises(InputError, match="valid"):
        stream(small, "valid", 0, 0, bench_config())


def test_a_stream_can_be_shorter(store: ClipStore) -> None:
    config = dataclasses.replace(bench_config(), seconds=(6.0, 8.0), compose=ComposeConfig(chunk_seconds=0.5))
    made = [stream(store, "test", 0, i, config).timeline for i in range(10)]
    assert all(6.0 <= line.seconds <= 8.0 and line.seconds % 0.5 == 0 for line in made)


@given(st.lists(st.floats(0.1, 10), min_size=1, max_size=6), st.floats(1, 20))
def test_thecommon_limit_fills_the_room(lengths: list[float], room: float) -> None:
    limit = common_limit(lengths, room)
    used = sum(min(length, limit) for length in lengths)
    assert used <= room + 1e-9
    assert used == pytest.approx(min(room, sum(lengths)))


@given(seed=st.integers(0, 100), at=st.integers(0, 60_000), count=st.integers(25_600, 50_000))
def test_a_cut_keeps_the_loudest_part_early(seed: int, at: int, count: int) -> None:
    samples = np.full(70_000, 0.01, np.float32)
    samples[at : at + 6400] = 0.5
    kept, start = cut(samples, count, np.random.default_rng(seed))
    assert np.array_equal(kept, samples[start : start + count])
    assert len(kept) == count
    assert (kept == np.float32(0.5)).sum() == 6400
    ends = np.flatnonzero(kept == np.float32(0.5))[-1]
    assert ends < 25_600 or start == 70_000 - count


@pytest.mark.slow
def test_shared_streams_never_mix_splits(shared_dir: Path) -> None:
    store = ClipStore(shared_dir / "data")
    splits = {clip.id: clip.split for clip in store.clips()}
    for split in ("train", "valid", "test"):
        for index in range(20):
            line = stream(store, split, 0, index, training_config()).timeline
            used = [event.clip for event in line.events] + [track.clip for track in line.noise]
            assert {splits[clip] for clip in used if clip != "generated"} <= {split}
