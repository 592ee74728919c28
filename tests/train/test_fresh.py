"""Streams for fine-tuning: the new sounds are heard often, and several folders are one."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from soundflow.data.store.index import ClipIndex
from soundflow.data.store.indexing import index_places, plan
from soundflow.data.streams import StreamConfig
from soundflow.errors import InputError
from soundflow.train.fresh import FreshStreams, joined, labels_of
from tests.data.layouts.forms import sound
from tests.data.test_clips import write_folder


def clips(folder: Path, labels: dict[str, bool], count: int) -> Path:
    rows = [
        {"id": f"{label}{i}", "path": f"{label}{i}.wav", "label": label, "split": "train", "length": 1.2}
        for label in labels
        for i in range(count)
    ]
    rows += [{"id": "b", "path": "b.wav", "label": "hum", "kind": "background", "split": "train", "length": 7.0}]
    write_folder(folder, rows, {label: {"proactive": calls} for label, calls in labels.items()})
    return folder


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    old = {f"sound{i}": bool(i % 2) for i in range(20)}
    return [clips(tmp_path / "new", {"kettle": True}, 3), clips(tmp_path / "old", old | {"kettle": False}, 2)]


def test_folders_become_one(folders: list[Path], tmp_path: Path) -> None:
    store = joined(folders, tmp_path / "joined", tmp_path / "cache")
    assert len(store.clips(kind="event")) == 3 + 2 * 21
    assert store.label("kettle").proactive is True, "the first folder's words are kept"
    one = store.clips(label="kettle")[0]
    assert len(store.audio(one)) > 10_000
    assert joined(folders, tmp_path / "joined", tmp_path / "cache").clips() == store.clips(), "made again, the same"


def test_a_recording_that_another_folder_holds_out_is_not_learned_from(tmp_path: Path) -> None:
    for name, split in (("one", "train"), ("two", "test")):
        row = {"id": "a", "path": "a.wav", "label": "siren", "split": split, "length": 1.2, "recording": "youtube:a"}
        write_folder(tmp_path / name, [row], {"siren": {"proactive": True}})
    store = joined([tmp_path / "one", tmp_path / "two"], tmp_path / "joined", tmp_path / "cache")
    assert [clip.split for clip in store.clips()] == ["test", "test"]


def test_a_store_stands_beside_a_folder(folders: list[Path], tmp_path: Path) -> None:
    sound(tmp_path / "mine" / "event" / "kettle" / "a.wav", 1.2)
    sound(tmp_path / "mine" / "music" / "long.wav", 50.0)
    (tmp_path / "mine" / "labels.json").write_text('{"kettle": {"display": "My kettle", "proactive": true}}')
    with ClipIndex(tmp_path / "mine.store") as index:
        index_places(index, plan([tmp_path / "mine"]), lambda: None)
    store = joined([tmp_path / "mine.store", folders[1]], tmp_path / "joined", tmp_path / "cache")
    assert labels_of(tmp_path / "mine.store") == ("kettle",) and store.label("kettle").display == "My kettle"
    (mine,) = (clip for clip in store.clips(label="kettle") if clip.id.startswith("0-"))
    assert mine.proactive is True and len(store.audio(mine)) == round(1.2 * 16_000)
    assert [round(store.seconds(clip)) for clip in store.clips(kind="music")] == [20, 20]


def test_a_path_that_leads_out_is_not_followed(folders: list[Path], tmp_path: Path) -> None:
    (tmp_path / "secret.wav").write_bytes(b"x")
    with (folders[0] / "clips.jsonl").open("a") as file:
        for name, path in (("x", "../secret.wav"), ("y", str(tmp_path / "secret.wav"))):
            file.write(json.dumps({"id": name, "path": path, "label": "kettle", "split": "train"}) + "\n")
    store = joined(folders, tmp_path / "joined", tmp_path / "cache")
    store.prepare("train")
    assert {"0-x", "0-y"} <= set(store.quarantined) and not list((tmp_path / "joined").rglob("secret.wav"))


def test_new_sounds_are_heard_often_and_the_others_still(folders: list[Path], tmp_path: Path) -> None:
    store = joined(folders, tmp_path / "joined", tmp_path / "cache")
    assert labels_of(folders[0]) == ("kettle",)

    def heard(share: float) -> tuple[float, int]:
        source = FreshStreams(store, "train", 0, StreamConfig(), ("kettle",), share)
        counts = Counter(event.label for i in range(40) for event in source(i).timeline.events)
        return counts["kettle"] / counts.total(), len(counts)

    often, labels = heard(1.0)
    assert often > 2 * heard(0.0)[0] and often > 0.1 and labels > 12


def test_a_position_is_the_same_stream_for_ever(folders: list[Path], tmp_path: Path) -> None:
    store = joined(folders, tmp_path / "joined", tmp_path / "cache")
    source = FreshStreams(store, "train", 3, StreamConfig(), ("kettle",), 0.5)
    first, again = source(5), source(5)
    assert first.key == again.key == "fresh-3-5" and np.array_equal(first.samples, again.samples)
    assert source(6).key != first.key


def test_a_folder_without_events_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no clip of kind event"):
        labels_of(clips(tmp_path / "empty", {}, 0))
