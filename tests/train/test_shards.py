"""Streams out of a corpus, drawn by position as often as a stage's mix asks."""

from __future__ import annotations

import dataclasses
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from soundflow.data.build.corpus import streams
from soundflow.data.build.recipe import MixIns
from soundflow.data.build.shard import shard_name
from soundflow.errors import InputError
from soundflow.train.shards import ShardStreams, read_stream
from tests.train.corpora import STAGE, write_corpus


def test_streams_are_as_they_were_stored(corpus: Path) -> None:
    for stored in streams(corpus):
        shard = corpus / shard_name(int(stored.key) // 4)  # four streams a shard
        found = read_stream(shard, stored.key)
        assert np.array_equal(found.samples, stored.samples) and found.timeline == stored.timeline


def test_a_stream_is_named_by_its_sound_and_not_by_its_folder(tmp_path: Path) -> None:
    one, other = write_corpus(tmp_path / "a" / "corpus"), write_corpus(tmp_path / "b" / "corpus", first=50)
    shutil.copytree(one, tmp_path / "c" / "moved")
    keys = [read_stream(folder / shard_name(0), "000000001").key for folder in (one, other, tmp_path / "c" / "moved")]
    assert keys[0] == keys[2] != keys[1]


def test_streams_are_drawn_evenly_and_always_alike(corpus: Path) -> None:
    source = ShardStreams([corpus], None, 3)
    keys = [source(i).key for i in range(80)]
    assert keys == [ShardStreams([corpus], None, 3)(i).key for i in range(80)]
    counts = Counter(keys)
    assert len(counts) == len(source) == 8 and max(counts.values()) - min(counts.values()) <= 4
    assert keys != [ShardStreams([corpus], None, 4)(i).key for i in range(80)]


def test_a_mix_without_streams_is_refused(corpus: Path) -> None:
    with pytest.raises(InputError, match="none of the 8 streams"):
        ShardStreams([corpus], dataclasses.replace(STAGE, mix={"following_music": 1.0}), 0)


def test_what_the_mix_cannot_give_is_known(corpus: Path) -> None:
    mix = {"real_time_asr": 1.0, "following_music": 1.0}
    (line,) = ShardStreams([corpus], dataclasses.replace(STAGE, mix=mix, mix_ins=MixIns(0, 0, 0)), 0).unmet
    assert line.startswith("mix.following_music: a share of 0.5 is asked, it will be 0")
    assert not ShardStreams([corpus], None, 0).unmet


def test_a_shard_cut_short_is_named(corpus: Path, tmp_path: Path) -> None:
    shard = tmp_path / "shard-000000.tar"
    shutil.copy(corpus / "shard-000000.tar", shard)
    read_stream(shard, "000000000")
    with shard.open("r+b") as file:
        file.truncate(2000)
    with pytest.raises(InputError, match="stream 000000000 in"):
        read_stream(shard, "000000000")
    with pytest.raises(InputError, match="not whole"):
        read_stream(corpus / "shard-000000.tar", "000000099")


def test_a_share_of_the_spoken_instructions_is_said_by_other_streams(tmp_path: Path) -> None:
    folder = write_corpus(tmp_path / "corpus", aloud=(0, 1, 2))
    stage = dataclasses.replace(STAGE, respoken_share=1.0)
    source = ShardStreams([folder], stage, 3)
    found = [source(i) for i in range(60)]
    assert [one.key for one in found] == [ShardStreams([folder], stage, 3)(i).key for i in range(60)]
    assert all(bool(one.pieces) is one.asks_aloud for one in found)  # nothing that is not asked is put behind a voice
    openings = {one.pieces[0].key.partition("-")[0] for one in found if one.pieces}
    assert openings == {f"{index:09d}" for index in (0, 1, 2)}
    whole = ShardStreams([folder], dataclasses.replace(stage, respoken_share=0.0), 3)
    assert [one.key.rpartition("+")[2] for one in found] == [whole(i).key for i in range(60)]
