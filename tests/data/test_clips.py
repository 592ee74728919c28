"""The clip store: rows, cache, quarantine."""

from __future__ import annotations

import json
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from soundflow.data.clips import ClipStore, user_cache_dir
from soundflow.errors import InputError

RATE = 16_000


def tone(seconds: float, hertz: float = 440.0) -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


def write_folder(folder: Path, rows: list[dict[str, Any]], labels: dict[str, Any] | None = None) -> Path:
    """A folder of clips; each row's sound is a tone unless the row says `missing`."""
    folder.mkdir(parents=True, exist_ok=True)
    for i, row in enumerate(rows):
        if not row.pop("missing", False):
            soundfile.write(folder / row["path"], tone(row.pop("length", 1.0), 300 + 50 * i), RATE)
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "clips.jsonl").write_text(lines, encoding="utf-8")
    if labels is not None:
        (folder / "labels.json").write_text(json.dumps(labels), encoding="utf-8")
    return folder


def row(name: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "path": f"{name}.wav", "label": "horn", "kind": "event", "split": "test", **more}


def test_reads_rows_and_samples(tmp_path: Path) -> None:
    write_folder(tmp_path / "in", [row("a", proactive=True, licence="CC0", extra_field=3), row("b", split="train")])
    store = ClipStore(tmp_path / "in", tmp_path / "cache")
    (clip,) = store.clips(split="test")
    assert (clip.id, clip.proactive, clip.licence, clip.extra["extra_field"]) == ("a", True, "CC0", 3)
    assert clip.recording == clip.group == "a"
    assert np.abs(store.audio(clip) - tone(1.0, 300)).max() < 1e-4
    assert store.seconds(clip) == 1.0
    assert store.splits == ("test", "train")


def test_rows_need_only_path_and_label(tmp_path: Path) -> None:
    write_folder(tmp_path, [{"path": "x.wav", "label": "purple_noise"}], {"purple_noise": {"proactive": True}})
    store = ClipStore(tmp_path, tmp_path / "cache")
    (clip,) = store.clips()
    assert (clip.id, clip.kind, clip.split, clip.proactive, clip.licence) == ("x.wav", "event", "test", True, "unknown")
    assert store.label("purple_noise").display == "Purple noise"
    assert store.label("never_heard").names == ("Never heard",)


def test_filters(tmp_path: Path) -> None:
    rows = [row("a", proactive=True), row("b", proactive=None), row("c", kind="music"), row("d", label="cow")]
    store = ClipStore(write_folder(tmp_path / "in", rows), tmp_path / "cache")
    assert [c.id for c in store.clips(kind="event", label="horn")] == ["a", "b"]
    assert [c.id for c in store.clips(proactive=True)] == ["a"]
    assert [c.id for c in store.clips(kind="event", proactive=None)] == ["b", "d"]


def test_bad_clips_are_quarantined_with_a_reason(tmp_path: Path) -> None:
    rows = [row("good"), row("gone", missing=True), row("garbage"), row("../outside", missing=True), row("good")]
    folder = write_folder(tmp_path / "in", rows)
    (folder / "garbage.wav").write_bytes(b"not a sound")
    with (folder / "clips.jsonl").open("a") as file:
        file.write('{"id": "no label"}\nnot json\n')
    store = ClipStore(folder, tmp_path / "cache")
    store.prepare("test", with_tfjp=False)
    assert [c.id for c in store.clips()] == ["good"]
    assert set(store.quarantined) == {"gone", "garbage", "../outside", "line 5", "line 6", "line 7"}
    assert all(store.quarantined.values())
    assert "used before" in store.quarantined["line 5"]


def test_silence_has_no_tfjp_audio(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "in", [row("a"), row("still")])
    soundfile.write(folder / "still.wav", np.zeros(RATE), RATE)
    store = ClipStore(folder, tmp_path / "cache")
    still = store.clips()[1]
    assert not store.audio(still).any()
    with pytest.raises(InputError, match="silence"):
        store.tfjp_audio(still)
    assert [c.id for c in store.clips()] == ["a"]


def test_cache_is_used_and_renewed(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "in", [row("a")])
    first = ClipStore(folder, tmp_path / "cache")
    before = first.audio(first.clips()[0])
    files = sorted((tmp_path / "cache").iterdir())
    assert [path.suffix for path in files] == [".json", ".s16"]
    stamps = [path.stat().st_mtime_ns for path in files]
    again = ClipStore(folder, tmp_path / "cache")
    assert np.array_equal(again.audio(again.clips()[0]), before)
    assert [path.stat().st_mtime_ns for path in files] == stamps

    soundfile.write(folder / "a.wav", tone(2.0), RATE)
    changed = ClipStore(folder, tmp_path / "cache")
    assert len(changed.audio(changed.clips()[0])) == 2 * RATE
    assert all(path.exists() for path in files)  # a run may still be reading them

    for path in files:
        os.utime(path, (0, 0))
    soundfile.write(folder / "a.wav", tone(3.0), RATE)
    changed = ClipStore(folder, tmp_path / "cache")
    assert len(changed.audio(changed.clips()[0])) == 3 * RATE
    assert not any(path.exists() for path in files)


def test_a_refused_sound_is_heard_once_it_lies_in_the_folder(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "in", [row("a"), row("b")])
    outside = tmp_path / "b.wav"
    (folder / "b.wav").rename(outside)
    (folder / "b.wav").symlink_to(outside)
    refused = ClipStore(folder, tmp_path / "cache")
    refused.prepare("test")
    assert "leads out" in refused.quarantined["b"]
    (folder / "b.wav").unlink()
    outside.rename(folder / "b.wav")  # the same file, as old and as long as before
    mended = ClipStore(folder, tmp_path / "cache")
    mended.prepare("test")
    assert [clip.id for clip in mended.clips()] == ["a", "b"] and not mended.quarantined


def test_loud_samples_are_clipped_not_wrapped(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "in", [row("a")])
    soundfile.write(folder / "a.wav", np.array([1.5, -1.5] * 400, np.float32), RATE, subtype="FLOAT")
    store = ClipStore(folder, tmp_path / "cache")
    samples = store.audio(store.clips()[0])
    assert samples[0] == pytest.approx(1.0, abs=1e-4)
    assert samples[1] == -1.0


def test_a_store_can_be_sent_to_a_worker(tmp_path: Path) -> None:
    store = ClipStore(write_folder(tmp_path / "in", [row("a")]), tmp_path / "cache")
    clip = store.clips()[0]
    here = store.audio(clip)
    sent = pickle.dumps(store)
    assert len(sent) < 10_000
    assert np.array_equal(pickle.loads(sent).audio(clip), here)


@pytest.mark.parametrize("content", [None, "", "{}\n", "\xff"])
def test_a_folder_without_clips_is_an_error(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "clips.jsonl").write_text(content, encoding="latin-1")
    with pytest.raises(InputError, match=r"clips\.jsonl"):
        ClipStore(tmp_path, tmp_path / "cache")


def test_unreadable_labels_are_an_error(tmp_path: Path) -> None:
    write_folder(tmp_path, [row("a")])
    (tmp_path / "labels.json").write_text("[1, 2]")
    with pytest.raises(InputError, match=r"labels\.json"):
        ClipStore(tmp_path)


def test_default_cache_is_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert user_cache_dir() == tmp_path / "soundflow" / "clips"


def test_shared_recordings_are_read(shared_dir: Path, tmp_path: Path) -> None:
    store = ClipStore(shared_dir / "data", tmp_path)
    assert len(store.clips()) > 5000
    assert not store.quarantined
    assert {c.kind for c in store.clips()} == {"event", "background", "speech", "music"}
    groups = [{c.group for c in store.clips(split=split)} for split in ("train", "valid", "test")]
    assert not groups[0] & groups[1]
    assert not groups[0] & groups[2]
    assert not groups[1] & groups[2]


@pytest.mark.parametrize("begin", [None, "soon", [1]])
def test_a_clip_that_begins_nowhere_is_left_out_with_a_reason(tmp_path: Path, begin: object) -> None:
    store = ClipStore(write_folder(tmp_path / "in", [row("a"), row("b", begin=begin)]), tmp_path / "cache")
    store.prepare("test")
    assert [clip.id for clip in store.clips()] == ["a"] and "expected seconds" in store.quarantined["b"]
