"""The clip index: words, rank, filters, and a file that stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from soundflow.data.clips import Clip
from soundflow.data.curate.index import ClipIndex, Filter, words_of
from soundflow.errors import InputError

CLIPS = [
    Clip("a", "a", "dog_bark", licence="CC0-1.0", seconds=1.0),
    Clip("b", "b", "dog_bark", licence="unknown", seconds=9.0),
    Clip("c", "c", "car_horn", kind="event", split="train", seconds=2.0),
    Clip("d", "d", "speech_line", kind="speech", seconds=2.0, extra={"transcript": "the dog's dinner"}),
]


def filled(path: Path | None = None) -> ClipIndex:
    index = ClipIndex(path)
    index.add((clip, words_of(clip, ("Dog bark", "woof") if clip.label == "dog_bark" else ())) for clip in CLIPS)
    return index


def test_the_best_come_first_and_equals_by_id() -> None:
    assert [found.clip for found in filled().search("a dog that barks")] == ["a", "b", "d"]
    assert [found.clip for found in filled().search("woof", limit=1)] == ["a"]
    assert filled().search("!?") == [] and filled().search("zebra") == []


@pytest.mark.parametrize(
    ("among", "expected"),
    [
        (Filter(seconds=(5, 10)), ["b"]),
        (Filter(licence="CC0"), ["a"]),
        (Filter(kind="speech"), ["d"]),
        (Filter(split="train"), []),
    ],
)
def test_filters(among: Filter, expected: list[str]) -> None:
    assert [found.clip for found in filled().search("dog", 9, among)] == expected


def test_words_with_a_meaning_in_fts_are_only_words() -> None:
    assert [found.clip for found in filled().search('NEAR OR "dog" AND (')][:1] in (["a"], ["d"])


def test_a_file_stays_and_takes_each_clip_once(tmp_path: Path) -> None:
    filled(tmp_path / "i.sqlite").close()
    again = ClipIndex(tmp_path / "i.sqlite")
    assert len(again) == 4 and again.add((clip, "x") for clip in CLIPS) == 0
    assert [found.clip for found in again.search("horn")] == ["c"]
    (tmp_path / "bad.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(InputError, match="no clip index"):
        ClipIndex(tmp_path / "bad.sqlite")
