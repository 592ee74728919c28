"""The library: clips of one split out of several folders, and rows of sounds that are yet to be drawn."""

from __future__ import annotations

from pathlib import Path

import pytest

from soundflow.data.clips import ClipStore
from soundflow.data.generate.catalogue import can_be_generated
from soundflow.data.library import Library, generated_clip, is_generated
from soundflow.errors import InputError
from tests.data.test_clips import row, write_folder


def store(folder: Path, *names: str) -> ClipStore:
    return ClipStore(write_folder(folder, [row(name, licence=name) for name in names]), folder / "cache")


def test_folders_are_one_library_and_each_clip_keeps_its_home(tmp_path: Path) -> None:
    library = Library([store(tmp_path / "a", "x"), store(tmp_path / "b", "y")], "test")
    assert [clip.id for clip in library.clips] == ["x", "y"] == [clip.id for clip in library.by_label["horn"]]
    assert len(library.samples(library.by_id["y"], False)) == 16_000
    assert library.seconds(library.by_id["x"], False) == 1.0


def test_what_is_not_allowed_is_not_there(tmp_path: Path) -> None:
    library = Library([store(tmp_path, "x", "y")], "test", lambda clip: clip.licence != "x")
    assert list(library.by_id) == ["y"]


def test_two_clips_with_one_id_and_a_split_nobody_has_are_refused(tmp_path: Path) -> None:
    a, b = store(tmp_path / "a", "x"), store(tmp_path / "b", "x")
    with pytest.raises(InputError, match="the clip x is in"):
        Library([a, b], "test")
    with pytest.raises(InputError, match="no split 'dawn'"):
        Library([a], "dawn")


def test_a_recording_of_another_folders_test_split_is_not_trained_on(tmp_path: Path) -> None:
    rows = {"a": ("x", "train", "one"), "b": ("y", "test", "one"), "c": ("z", "train", "two")}
    stores = [
        ClipStore(write_folder(tmp_path / name, [row(clip, split=split, recording=recording)]), tmp_path / "cache")
        for name, (clip, split, recording) in rows.items()
    ]
    for order in (stores, stores[::-1]):
        train = Library(order, "train")
        assert list(train.by_id) == ["z"] and list(train.held_out) == ["x"]
        assert "recording one is in the split test" in train.held_out["x"]
        assert list(Library(order, "test").by_id) == ["y"] and not Library(order, "test").held_out


def test_a_generated_sound_is_synthetic_for_ever(tmp_path: Path) -> None:
    clip = generated_clip("doorbell", None)
    assert clip.synthetic and is_generated(clip) and clip.licence == "CC0-1.0"
    assert can_be_generated("doorbell") and not can_be_generated("cow")
    with pytest.raises(InputError, match="no samples here"):
        Library([store(tmp_path, "x")], "test").samples(clip, False)
