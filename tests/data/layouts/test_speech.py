"""The speech corpora: transcripts, speakers and splits as they were published."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from soundflow.data.clips import Clip, read_part
from soundflow.data.layouts.common_voice import language_of
from soundflow.data.layouts.gigaspeech import spelled
from soundflow.data.layouts.layout import Fault
from soundflow.data.layouts.recognise import recognise
from soundflow.errors import InputError
from tests.data.layouts.forms import FORMS


def read(folder: Path, name: str) -> tuple[Path, list[Clip], list[Fault]]:
    """The clips and the faults of a form."""
    ((place, layout),) = recognise(FORMS[name](folder))
    found = list(layout.clips(place))
    return place, [i for i in found if isinstance(i, Clip)], [i for i in found if isinstance(i, Fault)]


def test_common_voice_keeps_its_official_splits_and_odd_quotes(tmp_path: Path) -> None:
    _, clips, faults = read(tmp_path, "common_voice")
    assert [(clip.id, clip.split) for clip in clips] == [
        ("common_voice/common_voice_en_1", "train"),
        ("common_voice/common_voice_en_2", "valid"),
        ("common_voice/common_voice_en_3", "test"),
    ]
    assert clips[0].extra == {"transcript": 'She said "hello.', "language": "en", "speaker": "ann"} and not faults


def test_common_voice_without_official_splits_keeps_a_speaker_together(tmp_path: Path) -> None:
    FORMS["common_voice"](tmp_path)
    for name in ("train", "dev", "test"):
        (tmp_path / f"{name}.tsv").unlink()
    ((place, layout),) = recognise(tmp_path)
    clips = [item for item in layout.clips(place) if isinstance(item, Clip)]
    assert len(clips) == 3 and {clip.recording for clip in clips} == {
        f"common_voice:{n}" for n in ("ann", "ben", "cem")
    }


def test_the_language_is_in_a_clips_name() -> None:
    assert (language_of("common_voice_zh-CN_18.mp3"), language_of("odd.mp3")) == ("zh-CN", "und")


def test_covost2_joins_translations_and_leaves_out_what_its_authors_left_out(tmp_path: Path) -> None:
    _, (train, dev), (fault,) = read(tmp_path, "covost2")
    assert train.id == "covost2/en_zh-CN/common_voice_en_1" and (train.split, dev.split) == ("train", "valid")
    assert (train.extra["transcript"], train.extra["translation"]) == ('She said "hello.', "她说“你好”。")
    assert (train.extra["language"], train.extra["target_language"]) == ("en", "zh")
    assert "-NC" in train.licence
    assert fault.where == "covost_v2.en_zh-CN.tsv, line 5" and "common_voice_en_9.mp3" in fault.reason


def test_librispeech_reads_chapters(tmp_path: Path) -> None:
    _, clips, (fault,) = read(tmp_path, "librispeech")
    assert [clip.extra["transcript"] for clip in clips] == ["he hoped there would be stew", "stuff it into you"]
    assert {(clip.split, clip.recording, clip.label) for clip in clips} == {("test", "librispeech:1089", "speech_en")}
    assert fault.where.endswith("1089-134686.trans.txt, line 3") and fault.reason == "it has no text"


def test_gigaspeech_cuts_segments_out_of_long_recordings(tmp_path: Path) -> None:
    place, (first, last), faults = read(tmp_path, "gigaspeech")
    assert (first.id, first.seconds, first.split) == ("gigaspeech/POD1_S1", 1.5, "valid")
    assert (first.extra["transcript"], first.extra["begin"]) == ("well, yes.", 0.5) and last.id.endswith("S4")
    assert [fault.reason for fault in faults] == ["it goes from 3.0 to 2.0 s", "it has no path or no segments"]
    part = read_part(place / first.path, 0.5, first.seconds)
    assert part.shape == (24_000,) and part.dtype == np.float32 and 0.05 < np.abs(part).max() < 0.2
    with pytest.raises(InputError, match="ends before 9"):
        read_part(place / first.path, 9.0, 1.0)


def test_gigaspeechs_tags_become_signs() -> None:
    assert spelled("WHAT <QUESTIONMARK> NO <EXCLAMATIONPOINT>") == "what? no!"
    assert spelled(" <SIL> ") == ""


def test_voxpopuli_finds_an_utterance_under_its_year(tmp_path: Path) -> None:
    _, (clip,), faults = read(tmp_path, "voxpopuli")
    assert clip.path.startswith("transcribed_data/en/2013/20130114-") and clip.path.endswith(".ogg")
    assert (clip.extra["transcript"], clip.extra["language"], clip.recording) == (
        "madam president",
        "en",
        "voxpopuli:1122",
    )
    assert not faults  # a row without a word is passed over


def test_aishell_joins_its_words(tmp_path: Path) -> None:
    _, (clip,), (fault,) = read(tmp_path, "aishell")
    assert (clip.extra["transcript"], clip.extra["speaker"], clip.split) == ("而对楼市成交抑制", "S0002", "train")
    assert "S0999" in fault.reason and "wav/*.tar.gz" in fault.reason


def test_an_entry_of_gigaspeech_that_is_no_object_stops_no_other(tmp_path: Path) -> None:
    place, clips, faults = read(tmp_path, "gigaspeech")
    table = place / "GigaSpeech.json"
    table.write_text(table.read_text(encoding="utf-8").replace('"audios": [', '"audios": [1, null, "x",'), "utf-8")
    ((_, layout),) = recognise(place)
    again = list(layout.clips(place))
    assert [item for item in again if isinstance(item, Clip)] == clips
    assert sum(isinstance(item, Fault) for item in again) == len(faults) + 3
