"""MUSAN, WHAM! and the DNS Challenge: noise with its licence, its recording and its split."""

from __future__ import annotations

from pathlib import Path

from soundflow.data.clips import Clip
from soundflow.data.layouts.recognise import recognise
from tests.data.layouts.forms import FORMS, sound


def read(folder: Path, name: str) -> dict[str, Clip]:
    """The clips of a form by their id."""
    ((place, layout),) = recognise(FORMS[name](folder))
    return {clip.id: clip for clip in layout.clips(place) if isinstance(clip, Clip)}


def test_musan_has_three_kinds(tmp_path: Path) -> None:
    clips = read(tmp_path, "musan")
    kinds = {name.partition("/")[2]: clip.kind for name, clip in clips.items()}
    assert kinds == {
        "music-fma-0000": "music",
        "noise-free-sound-0000": "background",
        "speech-librivox-0000": "speech",
    }
    assert {clip.source for clip in clips.values()} == {"MUSAN (fma)", "MUSAN (free-sound)", "MUSAN (librivox)"}


def test_wham_keeps_its_splits_and_places(tmp_path: Path) -> None:
    clips = read(tmp_path, "wham")
    loud = clips["wham/tr/40na010x_tr"]
    assert (loud.split, loud.group, loud.licence) == ("train", "wham:2", "CC-BY-NC-4.0")
    assert "very loud" in loud.extra["caption"] and clips["wham/cv/40na010x_cv"].split == "valid"


def test_dns_reads_what_a_name_tells(tmp_path: Path) -> None:
    clips = read(tmp_path, "dns")
    door, video = clips["dns/door_Freesound_validated_11_0"], clips["dns/wntLte49djU"]
    assert (door.label, door.recording, door.licence) == ("background_door", "freesound:11", "CC0-1.0")
    assert video.recording == "youtube:wntLte49djU" and video.licence.startswith("unknown")


def test_the_first_dns_challenges_kept_noise_beside_clean(tmp_path: Path) -> None:
    sound(tmp_path / "datasets" / "noise" / "fan_Freesound_validated_7_1.wav")
    sound(tmp_path / "datasets" / "clean" / "book_1.wav")
    ((place, layout),) = recognise(tmp_path)
    assert [clip.id for clip in layout.clips(place) if isinstance(clip, Clip)] == ["dns/fan_Freesound_validated_7_1"]
