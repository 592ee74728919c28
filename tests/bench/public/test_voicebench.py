"""VoiceBench's files: parquet with the audio inside, JSON lines beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from soundflow.audio.decode import read_audio
from soundflow.bench.public.voicebench import load_subset
from soundflow.errors import InputError
from tests.bench.public.made import write_sounds

pyarrow = pytest.importorskip("pyarrow")


def test_parquet_audio_is_unpacked_once(tmp_path: Path) -> None:
    from pyarrow import parquet

    write_sounds(tmp_path, "a.wav")
    sound = (tmp_path / "a.wav").read_bytes()
    (tmp_path / "sub").mkdir()
    rows = [{"prompt": text, "audio": {"bytes": sound, "path": "a.wav"}} for text in ("why?", "how?")]
    parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "sub" / "test-0.parquet")
    for _ in range(2):
        first, second = load_subset(tmp_path, ("sub/*.parquet",), ("prompt",))
        assert (first.id, second.id, second.fields) == ("test-0-0", "test-0-1", {"prompt": "how?"})
        assert first.sounds == second.sounds and len(read_audio(first.sounds[0])) == 1600
    assert len(list((tmp_path / "sub" / "soundflow-audio").iterdir())) == 1


def test_lines_name_their_audio_or_go_by_their_number(tmp_path: Path) -> None:
    (tmp_path / "sd_qa.jsonl").write_text(
        '{"prompt": "a", "audio": "x.wav"}\n{"prompt": "b", "audio": {"array": "…"}}\n'
    )
    first, second = load_subset(tmp_path, ("*.parquet", "*sd_qa*.jsonl"), ("prompt",))
    assert (first.sounds[0].name, second.sounds[0].name) == ("x.wav", "sd_qa-1.wav")


def test_a_column_that_is_missing_is_named(tmp_path: Path) -> None:
    (tmp_path / "sd_qa.jsonl").write_text('{"prompt": "a"}\n')
    with pytest.raises(InputError, match="'reference' is missing"):
        load_subset(tmp_path, ("*.jsonl",), ("prompt", "reference"))


def test_a_file_that_is_no_parquet_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "x.parquet").write_bytes(b"no")
    with pytest.raises(InputError, match="cannot read"):
        load_subset(tmp_path, ("*.parquet",), ("prompt",))
