"""A recording that several folders have stands in one split, whichever of them came first."""

from __future__ import annotations

import sqlite3
from itertools import permutations
from pathlib import Path

import pytest

from soundflow.data.layouts.layout import split_of
from soundflow.data.store.index import ClipIndex
from soundflow.data.store.indexing import index_places, plan
from tests.data.layouts.forms import sound, text
from tests.data.store.test_index import VERSION_1, clip


def nothing() -> None:
    """Hears of a row."""


@pytest.mark.parametrize("drawn", ["train", "valid", "test"])
@pytest.mark.parametrize("published", ["balanced_train_segments.csv", "eval_segments.csv"])
def test_a_video_of_two_corpora_is_in_one_split(tmp_path: Path, drawn: str, published: str) -> None:
    video = next(name for i in range(999) if split_of(f"youtube:{(name := f'video{i:06d}')}") == drawn)
    text(tmp_path / "audioset" / published, f'{video}, 30.000, 40.000, "/m/0dog"')
    sound(tmp_path / "audioset" / f"{video}.wav")
    sound(tmp_path / "dns" / "noise_fullband" / f"{video}.wav")
    stated = "test" if "eval" in published else "train"
    expected = "test" if stated == "test" else drawn  # no split is less strict than train
    for number, order in enumerate(permutations([tmp_path / "audioset", tmp_path / "dns"])):
        with ClipIndex(tmp_path / f"{number}.store") as index:
            done = index_places(index, plan(order), nothing)
            assert [found.split for found in index.clips()] == [expected, expected]
            assert done.moved == (drawn != stated)
            assert done.added == 2 and index_places(index, plan(order), nothing).moved == 0


def test_only_the_recordings_that_disagree_are_moved() -> None:
    index = ClipIndex()
    source = index.source("/sounds", "own")
    first = [clip("a", recording="one"), clip("b", recording="two"), clip("c", recording="", split="valid")]
    assert index.add(source, [*first, clip("d", recording="")]) == 0
    later = [clip("e", recording="one", split="test"), clip("f", recording="one", split="valid")]
    assert index.add(source, later) == 2
    assert {found.id: found.split for found in index.clips()} == {
        "a": "test",
        "b": "train",
        "c": "valid",
        "d": "train",
        "e": "test",
        "f": "test",
    }


def test_an_older_store_that_disagrees_is_mended_when_it_is_opened(tmp_path: Path) -> None:
    base = sqlite3.connect(tmp_path / "a.store")
    base.executescript(";".join(VERSION_1))
    base.execute("INSERT INTO sources VALUES (1, '/sounds', 'own')")
    for name, split in (("a", "train"), ("b", "test"), ("c", "train")):
        row = (name, split, "other" if name == "c" else "one")
        base.execute(
            "INSERT INTO clips(source, id, path, split, recording, extra) VALUES (1, ?1, ?1, ?2, ?3, '{}')", row
        )
    base.commit()
    base.close()
    with ClipIndex(tmp_path / "a.store") as index:
        rows = index.base.execute("SELECT id, split FROM clips ORDER BY id").fetchall()
    assert rows == [("a", "test"), ("b", "test"), ("c", "train")]
