"""One made voice, one split, over all folders of a build."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from soundflow.data.build.made_voices import mind_splits
from soundflow.data.clips import ClipStore
from soundflow.errors import InputError
from tests.data.test_clips import row, write_folder


def store(folder: Path, split: str, **more: Any) -> ClipStore:
    said = {"kind": "speech", "synthetic": True, "speaker": "slt", "group": "flite:slt", **more}
    return ClipStore(write_folder(folder, [row(folder.name, split=split, **said)]), folder / "cache")


def test_a_voice_in_two_splits_is_refused_and_both_folders_are_named(tmp_path: Path) -> None:
    stores = [store(tmp_path / "old", "train"), store(tmp_path / "new", "test")]
    with pytest.raises(InputError, match=r"flite:slt stands in two splits: train in .*old and test in .*new"):
        mind_splits(stores)


def test_another_voice_and_a_recorded_speaker_are_no_matter(tmp_path: Path) -> None:
    first = store(tmp_path / "a", "train")
    mind_splits([first, store(tmp_path / "b", "train"), store(tmp_path / "c", "test", group="flite:rms")])
    mind_splits([first, store(tmp_path / "d", "test", synthetic=False)])
