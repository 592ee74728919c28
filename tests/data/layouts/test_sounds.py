"""ESC-50, AudioSet and FMA: what their rows become."""

from __future__ import annotations

from pathlib import Path

import pytest

from soundflow.data.clips import Clip
from soundflow.data.layouts.audioset import AUDIOSET
from soundflow.data.layouts.esc50 import ESC50
from soundflow.data.layouts.fma import FMA, licence_of
from soundflow.data.layouts.layout import Fault
from soundflow.errors import InputError
from tests.data.layouts.forms import PREFIXED, VIDEO, audioset, esc50, fma


def test_esc50_keeps_folds_recordings_and_licences(tmp_path: Path) -> None:
    dog, cleaner = ESC50.clips(esc50(tmp_path))
    assert isinstance(dog, Clip) and isinstance(cleaner, Clip)
    assert (dog.id, dog.label, dog.path) == ("esc50/1-100032-A-0", "dog", "audio/1-100032-A-0.wav")
    assert (dog.split, dog.recording, dog.licence) == ("train", "freesound:100032", "CC-BY-3.0")
    assert (cleaner.split, cleaner.licence, cleaner.extra["esc_fold"]) == ("test", "CC-BY-NC-3.0", 5)


def test_audioset_knows_a_file_by_its_video(tmp_path: Path) -> None:
    found = {item.id if isinstance(item, Clip) else item.where: item for item in AUDIOSET.clips(audioset(tmp_path))}
    glass, music = found[f"audioset/{VIDEO}"], found[f"audioset/{PREFIXED}"]
    assert isinstance(glass, Clip) and isinstance(music, Clip)
    assert (glass.label, glass.kind, glass.split) == ("shatter_glass", "event", "train")
    assert glass.extra == {
        "caption": "Shatter, glass, Speech",
        "labels": ["Shatter, glass", "Speech"],
        "video_start": 30.0,
    }
    assert glass.licence.startswith("unknown")  # of the sound; the labels' licence is not the sound's
    assert (music.kind, music.split) == ("music", "test")
    unlisted = found["audio/unlisted_id.wav"]
    assert isinstance(unlisted, Fault) and "no segment table" in unlisted.reason


def test_fma_gives_each_track_its_own_licence(tmp_path: Path) -> None:
    track, fault = FMA.clips(fma(tmp_path))
    assert isinstance(track, Clip) and isinstance(fault, Fault)
    assert (track.id, track.label, track.kind, track.split) == ("fma/000002", "music_hip_hop", "music", "valid")
    assert (track.recording, track.licence, track.extra["title"]) == ("fma:1", "CC-BY-NC-SA-3.0", "Food")
    assert fault == Fault("fma, line 2", "tracks.csv has no track 3")


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("Attribution", "CC-BY"),
        ("Attribution-Noncommercial-Share Alike 3.0 United States", "CC-BY-NC-SA-3.0"),
        ("Attribution-NonCommercial-NoDerivatives (aka Music Sharing) 3.0 International", "CC-BY-NC-ND-3.0"),
        ("Creative Commons Attribution 4.0", "CC-BY-4.0"),
        ("Public Domain Mark 1.0", "CC0-1.0"),
        ("FMA-Limited: Download Only", "unknown (FMA-Limited: Download Only)"),
        ("", "unknown (FMA says nothing)"),
    ],
)
def test_licences_in_short(text: str, short: str) -> None:
    assert licence_of(text) == short


def test_a_bad_row_of_audiosets_table_stops_no_other(tmp_path: Path) -> None:
    folder = audioset(tmp_path)
    with (folder / "eval_segments.csv").open("a", encoding="utf-8") as table:
        table.write('broken line\nunlisted_id, , 10.0, "/m/04rlf"\n')
    found = list(AUDIOSET.clips(folder))
    assert {item.id for item in found if isinstance(item, Clip)} == {f"audioset/{VIDEO}", f"audioset/{PREFIXED}"}
    faults = {item.where: item.reason for item in found if isinstance(item, Fault)}
    assert set(faults) == {"eval_segments.csv, line 6", "eval_segments.csv, line 7", "audio/unlisted_id.wav"}
    assert "no video, start, end and labels" in faults["eval_segments.csv, line 6"]


@pytest.mark.parametrize("content", ["{broken", "[1]", '[{"id": "/m/1"}]'])
def test_an_ontology_that_is_none_is_said(tmp_path: Path, content: str) -> None:
    folder = audioset(tmp_path)
    (folder / "class_labels_indices.csv").unlink()
    (folder / "ontology.json").write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match="no readable table"):
        list(AUDIOSET.clips(folder))


def test_a_stray_file_among_fmas_tracks_stops_none(tmp_path: Path) -> None:
    folder = fma(tmp_path)
    for name in ("._000003.mp3", "000.mp3", "cover.mp3"):
        (folder / "fma_small" / "000" / name).write_bytes(b"x")
    found = list(FMA.clips(folder))
    assert [item.id for item in found if isinstance(item, Clip)] == ["fma/000002"]
    assert {item.reason for item in found if isinstance(item, Fault)} == {
        f"tracks.csv has no track {name}" for name in ("3", "._000003", "cover", "")
    }
