"""Folders of results: a job goes on where it stood, bad input is left out with a reason, nothing is mixed up."""

from __future__ import annotations

import errno
import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import numpy as np
import pytest
import soundfile

from soundflow.audio.decode import write_wav
from soundflow.data.clips import ClipStore
from soundflow.data.folders import (
    StreamFolder,
    compose_file,
    preprocess,
    preprocess_file,
    preprocess_new,
    second_name,
    sound_files,
    sound_seconds,
)
from soundflow.data.streams import bench_config, stream
from soundflow.errors import InputError, UsageError
from tests.data.test_clips import tone, write_folder

RATE = 16_000


def quiet(what: str, seconds: float) -> None:
    """Tell nobody."""


def clip_store(folder: Path) -> ClipStore:
    """Four events, a background, and a row whose sound is not there."""
    labels = {"siren": {"proactive": True}, "cow": {"proactive": False}}
    rows: list[dict[str, Any]] = [
        {"id": f"{label}{i}", "path": f"{label}{i}.wav", "label": label, "length": 1.5}
        for label in labels
        for i in range(2)
    ]
    rows += [{"id": "hum", "path": "hum.wav", "label": "hum", "kind": "background", "length": 7.0}]
    rows += [{"id": "gone", "path": "gone.wav", "label": "cow", "missing": True}]
    return ClipStore(write_folder(folder / "in", rows, labels), folder / "cache")


def test_streams_are_those_of_the_seed_with_their_timelines(tmp_path: Path) -> None:
    store = clip_store(tmp_path)
    folder = StreamFolder(store, "test", 3, tmp_path / "out")
    told: list[float] = []
    outcome = folder.compose(folder.missing(2), lambda _, seconds: told.append(seconds))
    assert (outcome.written, len(told)) == (2, 2)
    for index in range(2):
        made = stream(store, "test", 3, index, bench_config())
        sound, line = folder.place(index)
        assert json.loads(line.read_text()) == json.loads(made.timeline.to_json())
        assert np.abs(soundfile.read(sound, dtype="float32")[0] - made.samples).max() < 1e-4
    assert "gone" in json.loads((tmp_path / "out" / "rejected.json").read_text())


def test_only_what_is_missing_is_composed_again(tmp_path: Path) -> None:
    store = clip_store(tmp_path)
    folder = StreamFolder(store, "test", 0, tmp_path / "out")
    folder.compose(folder.missing(3), quiet)
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").glob("0*")}
    folder.place(1)[1].unlink()  # as if killed between the sound and its timeline
    again = StreamFolder(store, "test", 0, tmp_path / "out")
    assert again.missing(3) == [1] and again.missing(4) == [1, 3]
    assert again.compose(again.missing(3), quiet).written == 1
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").glob("0*")} == before


def test_streams_of_another_seed_are_not_mixed_in(tmp_path: Path) -> None:
    store = clip_store(tmp_path)
    StreamFolder(store, "test", 0, tmp_path / "out")
    with pytest.raises(InputError, match="another seed"):
        StreamFolder(store, "test", 1, tmp_path / "out")


def test_a_missing_split_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no split 'nowhere'"):
        StreamFolder(clip_store(tmp_path), "nowhere", 0, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_streams_that_cannot_be_are_left_out_with_a_reason(tmp_path: Path) -> None:
    rows = [{"id": "a", "path": "a.wav", "label": "hum", "kind": "background", "length": 2.0}]
    store = ClipStore(write_folder(tmp_path / "in", rows), tmp_path / "cache")
    outcome = StreamFolder(store, "test", 0, tmp_path / "out").compose([0, 1], quiet)
    assert outcome.written == 0 and set(outcome.rejected) == {"stream 0", "stream 1"}


def test_a_stream_is_put_together_again_from_its_timeline(tmp_path: Path) -> None:
    store = clip_store(tmp_path)
    folder = StreamFolder(store, "test", 0, tmp_path / "out")
    folder.compose([0], quiet)
    sound, line = folder.place(0)
    seconds = compose_file(line, tmp_path / "again.wav", store)
    first, again = (soundfile.read(path, dtype="float32")[0] for path in (sound, tmp_path / "again.wav"))
    assert len(again) == round(seconds * RATE) == len(first)
    assert np.abs(again - first).max() < 1e-4


def test_a_timeline_alone_names_files_beside_it_and_none_elsewhere(tmp_path: Path) -> None:
    store = clip_store(tmp_path)
    line = json.loads(stream(store, "test", 0, 0, bench_config()).timeline.to_json())
    for row in [*line["events"], *line["noise"]]:
        row["clip"] += ".wav"
    beside = tmp_path / "in" / "line.json"
    beside.write_text(json.dumps(line))
    made, again = tmp_path / "made.wav", tmp_path / "again.wav"
    assert compose_file(beside, made, None) == line["seconds"]
    line["events"][0]["clip"] = "../x.wav"
    beside.write_text(json.dumps(line))
    with pytest.raises(InputError, match="leads out of"):
        compose_file(beside, again, None)
    assert made.exists() and not again.exists()


def test_a_timeline_with_an_unknown_clip_says_which(tmp_path: Path) -> None:
    store = clip_store(tmp_path)
    text = stream(store, "test", 0, 0, bench_config()).timeline.to_json().replace('"clip": "hum"', '"clip": "drum"')
    (tmp_path / "line.json").write_text(text)
    with pytest.raises(InputError, match="'drum'"):
        compose_file(tmp_path / "line.json", tmp_path / "out.wav", store)


def sounds(folder: Path) -> Path:
    """A tone, silence, and a file that is no sound, one of them in a folder of its own."""
    (folder / "deep").mkdir(parents=True)
    write_wav(folder / "deep" / "tone.wav", tone(1.0, 400))
    write_wav(folder / "silence.wav", np.zeros(RATE, np.float32))
    (folder / "text.wav").write_text("no sound")
    return folder


def test_bad_recordings_do_not_stop_the_others(tmp_path: Path) -> None:
    source = sounds(tmp_path / "in")
    places = sound_files([source], tmp_path / "out")
    outcome = preprocess(places, quiet)
    assert (outcome.written, outcome.seconds) == (1, 1.0)
    assert set(outcome.rejected) == {str(source / "silence.wav"), str(source / "text.wav")}
    assert [path.name for path in (tmp_path / "out").rglob("*.wav")] == ["tone.wav"]
    assert (tmp_path / "out" / "deep" / "tone.wav").exists()
    assert sound_seconds(places) == 2.0


def test_a_finished_recording_is_kept_until_its_source_changes(tmp_path: Path) -> None:
    places = sound_files([sounds(tmp_path / "in") / "deep" / "tone.wav"], tmp_path / "out")
    (source, target) = next(iter(places.items()))
    preprocess(places, quiet)
    assert preprocess(places, quiet).kept == 1
    later = target.stat().st_mtime + 10
    os.utime(source, (later, later))
    assert preprocess(places, quiet).written == 1


def test_two_sounds_for_one_place_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="would both become"):
        sound_files([tmp_path / "a" / "x.wav", tmp_path / "b" / "x.ogg"], tmp_path / "out")


def test_two_that_name_a_sound_at_once_do_not_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link, both = os.link, Barrier(2)

    def together(source: Path, target: Path) -> None:
        both.wait(20)  # both have seen that nothing is there
        link(source, target)

    write_wav(tmp_path / "x.wav", tone(0.1, 400))
    monkeypatch.setattr(os, "link", together)
    target = tmp_path / "out" / "y.wav"
    with ThreadPoolExecutor(2) as threads:
        for done in [threads.submit(second_name, tmp_path / "x.wav", target) for _ in range(2)]:
            done.result()
    assert target.samefile(tmp_path / "x.wav") and len(list(target.parent.iterdir())) == 1


def test_a_copy_that_was_cut_off_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(source: Path, target: Path) -> None:
        raise OSError(errno.EXDEV, "another disk")

    def cut_off(source: Path, target: Path) -> None:
        target.write_bytes(b"RIFF")
        raise OSError(errno.ENOSPC, "no space")

    write_wav(tmp_path / "x.wav", tone(0.1, 400))
    target, copyfile = tmp_path / "out" / "y.wav", shutil.copyfile
    monkeypatch.setattr(os, "link", refused)
    monkeypatch.setattr(shutil, "copyfile", cut_off)
    with pytest.raises(OSError, match="no space"):
        second_name(tmp_path / "x.wav", target)
    assert not list(target.parent.iterdir())
    monkeypatch.setattr(shutil, "copyfile", copyfile)
    second_name(tmp_path / "x.wav", target)
    assert target.read_bytes() == (tmp_path / "x.wav").read_bytes()


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no sound file"):
        sound_files([tmp_path], tmp_path / "out")


def test_a_recording_that_is_too_long_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("soundflow.data.folders.MOST_SECONDS", 0.5)
    write_wav(tmp_path / "x.wav", tone(1.0, 400))
    with pytest.raises(InputError, match="expected at most"):
        preprocess_file(tmp_path / "x.wav", tmp_path / "y.wav")


def test_a_result_takes_no_recordings_place(tmp_path: Path) -> None:
    a, b, result = (tmp_path / name for name in ("a.wav", "b.wav", "clean.wav"))
    write_wav(a, tone(1.0, 400))
    soundfile.write(b, tone(1.0, 700), 44_100, "PCM_16")
    (tmp_path / "link.wav").symlink_to(a)
    (tmp_path / "text.wav").write_text("no sound")
    (tmp_path / "folder.wav").mkdir()
    before = {path.name: path.read_bytes() for path in (a, b)}
    refused = {
        b: "tfjp.there",
        a: "tfjp.same",
        tmp_path / "link.wav": "tfjp.same",
        tmp_path / "text.wav": "tfjp.there",
        tmp_path / "folder.wav": "tfjp.there",
        tmp_path / "clean.flac": "tfjp.suffix",
    }
    for target, code in refused.items():
        with pytest.raises(UsageError) as caught:
            preprocess_new(a, target)
        assert caught.value.code == code and str(target) in caught.value.message and caught.value.hint
    assert {path.name: path.read_bytes() for path in (a, b)} == before and not (tmp_path / "clean.flac").exists()
    result.touch()  # a name that was only reserved
    assert preprocess_new(a, result) == preprocess_new(a, result) == 1.0
    before_again = result.read_bytes()
    preprocess_new(b, result)
    assert result.read_bytes() != before_again, "what TFJP made of another recording may go"
