"""Decoded samples: what a disk refused for a moment comes back, and a cache that cannot be kept is said."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from soundflow.data import clips as clips_module
from soundflow.data.clips import Clip, ClipStore
from soundflow.data.decoded import Decoded, Samples, open_decoded
from soundflow.errors import InputError, OutsideError
from tests.data.test_clips import row, tone, write_folder

NAMES = ("a", "b", "c")
CLIPS = [Clip(name, f"{name}.wav", "horn") for name in NAMES]


class Disk:
    """Gives each clip its own number of samples, unless it fails; counts what was asked for."""

    def __init__(self, **faults: Exception) -> None:
        self.faults, self.asked = faults, list[str]()

    def __call__(self, clip: Clip) -> Samples:
        self.asked.append(clip.id)
        if clip.id in self.faults:
            raise self.faults[clip.id]
        return np.full(5 + NAMES.index(clip.id), (1 + NAMES.index(clip.id)) / 8, np.float32)


def right(decoded: Decoded, *names: str) -> bool:
    """Whether the clips of these names are there, each with its own samples."""
    heard = {clip.id: decoded.read(clip.id) for clip in CLIPS}
    return all(
        (samples is not None and np.array_equal(samples, Disk()(clip))) if clip.id in names else samples is None
        for clip, samples in zip(CLIPS, heard.values(), strict=True)
    )


def wrapped() -> InputError:
    """A refusal that says as its cause that the disk failed."""
    try:
        try:
            raise OSError(5, "Input/output error")
        except OSError as error:
            raise InputError("clips.part", "it cannot be read") from error
    except InputError as error:
        return error


@pytest.mark.parametrize(
    "fault",
    [
        OSError(5, "Input/output error"),
        OutsideError("x.y", "gone"),
        wrapped(),
        InputError("audio.unreadable", "no permission"),
    ],
)
def test_what_a_disk_refused_is_tried_again_and_nothing_else(tmp_path: Path, fault: Exception) -> None:
    broken = Disk(b=fault, c=InputError("audio.format", "no sound"))
    first = open_decoded(tmp_path, "s-", "k", CLIPS, broken)
    assert right(first, "a") and set(first.quarantined) == {"b", "c"}
    broken.asked.clear()
    again = open_decoded(tmp_path, "s-", "k", CLIPS, broken)
    assert right(again, "a") and set(again.quarantined) == {"b", "c"} and broken.asked == ["b"]
    healthy = Disk(c=broken.faults["c"])
    mended = open_decoded(tmp_path, "s-", "k", CLIPS, healthy)
    assert right(mended, "a", "b") and set(mended.quarantined) == {"c"} and "a" not in healthy.asked
    assert right(first, "a")  # whoever opened it before reads on
    healthy.asked.clear()
    assert right(open_decoded(tmp_path, "s-", "k", CLIPS, healthy), "a", "b") and not healthy.asked


def test_when_nothing_could_be_read_everything_comes_back(tmp_path: Path) -> None:
    faults = {name: OSError(5, "Input/output error") for name in NAMES}
    assert right(open_decoded(tmp_path, "s-", "k", CLIPS, Disk(**faults)))
    assert right(open_decoded(tmp_path, "s-", "k", CLIPS, Disk()), *NAMES)


def test_an_older_cache_has_all_it_left_out_tried_once(tmp_path: Path) -> None:
    open_decoded(tmp_path, "s-", "k", CLIPS, Disk(b=OSError(), c=InputError("audio.format", "no sound")))
    kept = json.loads((tmp_path / "s-k.json").read_text())
    del kept["retry"]
    (tmp_path / "s-k.json").write_text(json.dumps(kept))
    disk = Disk(c=InputError("audio.format", "no sound"))
    assert right(open_decoded(tmp_path, "s-", "k", CLIPS, disk), "a", "b") and "a" not in disk.asked
    disk.asked.clear()
    assert right(open_decoded(tmp_path, "s-", "k", CLIPS, disk), "a", "b") and not disk.asked


def test_an_index_of_another_file_is_not_believed(tmp_path: Path) -> None:
    open_decoded(tmp_path, "s-", "k", CLIPS, Disk())
    index = (tmp_path / "s-k.json").read_text()
    open_decoded(tmp_path, "s-", "other", CLIPS, Disk(b=OSError()))
    (tmp_path / "s-other.json").write_text(index)  # two decoded at once, and one of them missed a clip
    assert right(open_decoded(tmp_path, "s-", "other", CLIPS, Disk()), *NAMES)


def test_a_cache_that_takes_no_more_still_gives_what_it_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_decoded(tmp_path, "s-", "k", CLIPS, Disk(b=OSError()))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copyfile", full)
    assert right(open_decoded(tmp_path, "s-", "k", CLIPS, Disk()), "a", "c")


def a_file(folder: Path) -> Path:
    (folder / "file").write_text("x")
    return folder / "file"


@pytest.mark.parametrize("place", [a_file, lambda _: Path("/proc/nope"), lambda folder: a_file(folder) / "below"])
def test_a_cache_folder_that_cannot_be_used_is_named(tmp_path: Path, place: Callable[[Path], Path]) -> None:
    store = ClipStore(write_folder(tmp_path / "in", [row("a")]), place(tmp_path))
    for hear in (store.audio, store.tfjp_audio):
        with pytest.raises(OutsideError, match="cannot keep decoded clips") as caught:
            hear(store.clips()[0])
        assert caught.value.code == "clips.cache" and "--cache" in caught.value.hint


def test_a_full_disk_is_said_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("soundflow.data.decoded.write_text", full)
    with pytest.raises(OutsideError, match="No space left"):
        open_decoded(tmp_path, "s-", "k", CLIPS, Disk())
    monkeypatch.undo()
    assert right(open_decoded(tmp_path, "s-", "k", CLIPS, Disk()), *NAMES)


def test_samples_that_were_taken_away_are_said(tmp_path: Path) -> None:
    decoded = open_decoded(tmp_path, "s-", "k", CLIPS, Disk())
    decoded.path.unlink()
    with pytest.raises(OutsideError, match="cannot read"):
        decoded.read("a")


def test_a_clip_that_failed_once_is_heard_by_the_next_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_folder(tmp_path / "in", [row("a"), row("b")])

    def flaky(path: Path) -> Samples:
        if path.stem == "b":
            raise OSError(5, "Input/output error")
        return tone(1.0)

    monkeypatch.setattr(clips_module, "read_audio", flaky)
    broken = ClipStore(folder, tmp_path / "cache")
    broken.prepare("test")
    assert [clip.id for clip in broken.clips()] == ["a"] and "Input/output" in broken.quarantined["b"]
    monkeypatch.undo()
    later = ClipStore(folder, tmp_path / "cache")
    later.prepare("test")
    assert [clip.id for clip in later.clips()] == ["a", "b"] and not later.quarantined
    assert all(later.tfjp_audio(clip).any() for clip in later.clips())
