"""Shards: same streams, same bytes; finished only when their rows are there."""

from __future__ import annotations

import tarfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soundflow.data.build.shard import (
    Member,
    Row,
    decode,
    encode,
    read_rows,
    read_shard,
    rows_place,
    shard_name,
    write_shard,
)
from soundflow.errors import InputError

SAMPLES = (0.5 * np.sin(np.arange(1600) / 10)).astype(np.float32)


def write(folder: Path, number: int = 0) -> str:
    members = [Member(f"{i:09d}", SAMPLES * np.float32((i + 1) / 2), {"i": i, "text": "猫"}) for i in range(2)]
    rows: list[Row] = [{"key": "000000000", "seconds": 0.1}, {"key": "000000001", "seconds": 0.1}]
    return write_shard(folder, number, "flac", members, rows, [{"stream": 7, "code": "cue"}])


def test_two_writings_give_the_same_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert write(tmp_path / "a") == write(tmp_path / "b")
    assert (tmp_path / "a" / shard_name(0)).read_bytes() == (tmp_path / "b" / shard_name(0)).read_bytes()


def test_a_shard_is_a_tar_in_webdatasets_layout(tmp_path: Path) -> None:
    write(tmp_path)
    with tarfile.open(tmp_path / shard_name(0)) as tar:
        assert tar.getnames() == ["000000000.flac", "000000000.json", "000000001.flac", "000000001.json"]
    streams = dict(read_shard(tmp_path / shard_name(0)))
    assert list(streams) == ["000000000", "000000001"]
    assert np.abs(decode(streams["000000001"]["flac"]) - SAMPLES).max() < 1e-4


def test_rows_say_whether_it_is_finished(tmp_path: Path) -> None:
    assert read_rows(tmp_path, 0) is None
    digest = write(tmp_path)
    found = read_rows(tmp_path, 0)
    assert found is not None and (found.sha256, len(found.rows), len(found.rejected)) == (digest, 2, 1)
    text = rows_place(tmp_path, 0).read_text()
    rows_place(tmp_path, 0).write_text(text[: len(text) // 2])  # as a disk that was full would leave it
    assert read_rows(tmp_path, 0) is None
    rows_place(tmp_path, 0).write_text(text)
    (tmp_path / shard_name(0)).unlink()
    assert read_rows(tmp_path, 0) is None


def test_a_shard_whose_text_holds_a_line_separator_is_finished(tmp_path: Path) -> None:
    row: Row = {"key": "000000000", "said": "one\u2028two"}
    write_shard(tmp_path, 0, "flac", [Member("000000000", SAMPLES, {})], [row], [])
    found = read_rows(tmp_path, 0)
    assert found is not None and found.rows == (row,)


def test_what_is_no_tar_is_said(tmp_path: Path) -> None:
    (tmp_path / "x.tar").write_text("no tar")
    with pytest.raises(InputError, match="not a readable shard"):
        list(read_shard(tmp_path / "x.tar"))


@settings(max_examples=20)
@given(st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=400), st.sampled_from(["flac", "wav"]))
def test_sound_comes_back_within_half_a_step(values: list[float], audio: str) -> None:
    samples = np.array(values, np.float32)
    assert np.abs(decode(encode(samples, audio)) - samples).max() <= 1 / 32768
