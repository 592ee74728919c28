"""Every published form is known by what is in it, and gives clips whose sounds are there."""

from __future__ import annotations

from pathlib import Path

import pytest

from soundflow.data.clips import Clip
from soundflow.data.layouts.kinds import OWN_KINDS
from soundflow.data.layouts.layout import Fault, slug, split_named, split_of
from soundflow.data.layouts.recognise import LAYOUTS, recognise
from soundflow.errors import InputError
from tests.data.layouts.forms import FORMS, own, text


@pytest.mark.parametrize("name", FORMS)
def test_a_form_is_known_wherever_it_was_unpacked(tmp_path: Path, name: str) -> None:
    FORMS[name](tmp_path / "downloads" / "archive")
    ((place, layout),) = recognise(tmp_path / "downloads")
    assert layout.name == name and place.is_relative_to(tmp_path / "downloads" / "archive")
    found = list(layout.clips(place))
    clips = [item for item in found if isinstance(item, Clip)]
    assert clips and len({clip.id for clip in clips}) == len(clips)
    assert list(layout.clips(place)) == found  # a job that goes on meets the same order
    for clip in clips:
        assert clip.kind in ("event", "speech", "music", "background") and clip.split in ("train", "valid", "test")
        assert clip.licence != "unknown" and clip.source and clip.recording and not Path(clip.path).is_absolute()
        assert (place / clip.path).is_file()


def test_every_layout_has_a_form_here() -> None:
    assert {layout.name for layout in (*LAYOUTS, OWN_KINDS)} == set(FORMS)


def test_two_corpora_in_one_folder_are_both_found(tmp_path: Path) -> None:
    FORMS["musan"](tmp_path / "a")
    FORMS["esc50"](tmp_path / "b")
    assert {layout.name for _, layout in recognise(tmp_path)} == {"musan", "esc50"}


def test_a_corpus_in_a_folder_named_by_kind_is_still_the_corpus(tmp_path: Path) -> None:
    FORMS["fma"](tmp_path / "music")
    assert {layout.name for _, layout in recognise(tmp_path)} == {"fma"}


def test_what_is_unknown_is_said(tmp_path: Path) -> None:
    text(tmp_path / "x" / "readme.txt", "hello")
    with pytest.raises(InputError, match="none of the layouts") as caught:
        recognise(tmp_path)
    assert "ESC-50" in caught.value.hint and "clips.jsonl" in caught.value.hint
    with pytest.raises(InputError, match="no folder"):
        recognise(tmp_path / "nothing")


def test_our_own_folder_tells_its_bad_rows(tmp_path: Path) -> None:
    ((place, layout),) = recognise(own(tmp_path))
    clip, fault = layout.clips(place)
    assert isinstance(clip, Clip) and (clip.id, clip.proactive) == ("a", True)
    assert isinstance(fault, Fault) and fault.where == "clips.jsonl, line 2" and "path" in fault.reason


def test_names_of_splits_and_labels() -> None:
    assert [split_named(name) for name in ("train", "dev", "cv", "TEST", "tt")] == [
        "train",
        "valid",
        "valid",
        "test",
        "test",
    ]
    with pytest.raises(ValueError, match="no split 'extra'"):
        split_named("extra")
    assert slug("Dog bark, howl (2)") == "dog_bark_howl_2"


def test_recordings_without_a_split_are_spread_for_ever() -> None:
    drawn = [split_of(f"recording {i}") for i in range(2000)]
    assert drawn == [split_of(f"recording {i}") for i in range(2000)]
    shares = [drawn.count(name) / 2000 for name in ("train", "valid", "test")]
    assert abs(shares[0] - 0.80) < 0.03 and abs(shares[1] - 0.08) < 0.02 and abs(shares[2] - 0.12) < 0.02
