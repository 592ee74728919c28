"""`soundflow data`: results where they were asked for, one line on stdout, reasons for what was left out."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
import soundfile

from soundflow.audio.decode import write_wav
from soundflow.cli.main import main
from tests.data.test_clips import tone
from tests.data.test_folders import clip_store


@pytest.fixture
def clips(tmp_path: Path) -> str:
    """Options that name a small folder of clips and its cache."""
    return f"--clips {clip_store(tmp_path).folder} --cache {tmp_path / 'cache'}"


def test_compose_writes_streams_says_where_and_goes_on(
    clips: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = f"data compose {clips} --split test --seed 1 --out {tmp_path / 'out'}".split()
    assert main([*words, "--count", "1"]) == 0
    out, err = capsys.readouterr()
    assert out.strip() == str(tmp_path / "out")
    assert "left out gone" in err and "1 written" in err
    assert main([*words, "--count", "2", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["written"], found["kept"]) == (1, 1) and "gone" in found["rejected"]
    assert sorted(path.name for path in (tmp_path / "out").glob("0*")) == [
        "000000.json",
        "000000.wav",
        "000001.json",
        "000001.wav",
    ]


def test_a_timeline_becomes_its_sound_again(clips: str, tmp_path: Path) -> None:
    assert main(f"data compose {clips} --split test --count 1 --out {tmp_path / 'out'}".split()) == 0
    again = tmp_path / "again.wav"
    assert main(f"data compose {tmp_path / 'out' / '000000.json'} {again} {clips}".split()) == 0
    assert soundfile.info(again).frames == soundfile.info(tmp_path / "out" / "000000.wav").frames


def test_tfjp_of_one_recording_and_of_many(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_wav(tmp_path / "a.wav", tone(1.0, 400))
    (tmp_path / "b.wav").write_text("no sound")
    assert main(f"data tfjp {tmp_path / 'a.wav'} {tmp_path / 'clean.wav'}".split()) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "clean.wav")
    assert soundfile.info(tmp_path / "clean.wav").samplerate == 16_000
    words = f"data tfjp {tmp_path / 'a.wav'} {tmp_path / 'b.wav'} --out {tmp_path / 'out'} --json".split()
    assert main(words) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["written"] == 1 and list(found["rejected"]) == [str(tmp_path / "b.wav")]


def test_two_recordings_that_a_pattern_matched_both_stay(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, hertz in (("a.wav", 400), ("b.wav", 700)):
        soundfile.write(tmp_path / name, tone(1.0, hertz), 44_100, "PCM_16")
    before = (tmp_path / "b.wav").read_bytes()
    assert main(f"data tfjp {tmp_path / 'a.wav'} {tmp_path / 'b.wav'}".split()) == 2
    assert "--out FOLDER" in capsys.readouterr().err
    assert (tmp_path / "b.wav").read_bytes() == before


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names are Unicode there")
def test_a_name_that_is_no_utf_8_is_json_that_can_be_read(tmp_path: Path, capsysbinary: Any) -> None:
    write_wav(tmp_path / "a.wav", tone(1.0, 400))
    out = tmp_path / os.fsdecode(b"odd\xff")
    assert main(["data", "tfjp", str(tmp_path / "a.wav"), "--out", str(out), "--json"]) == 0
    assert json.loads(capsysbinary.readouterr().out.decode("utf-8"))["out"] == str(out)


def test_nothing_usable_is_one_line_and_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "b.wav").write_text("no sound")
    assert main(f"data tfjp {tmp_path / 'b.wav'} --out {tmp_path / 'out'}".split()) == 1
    assert capsys.readouterr().err.strip().splitlines()[-1].startswith("soundflow: error data.nothing")


@pytest.mark.parametrize(
    "words",
    ["tfjp a.wav", "tfjp a.wav b.wav c.wav", "compose", "compose x.json", "compose x.json y.wav --out z"],
)
def test_words_that_make_no_sense_are_2(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", *words.split()]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_a_timeline_that_is_not_there_is_1(tmp_path: Path) -> None:
    assert main(f"data compose {tmp_path / 'no.json'} {tmp_path / 'out.wav'}".split()) == 1
