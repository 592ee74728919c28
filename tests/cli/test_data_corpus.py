"""`soundflow data build` and its neighbours: one JSON line, exit codes, and what each leaves behind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from soundflow.cli.data_corpus import order_of
from soundflow.cli.main import main
from tests.data.build.clips import write_clips
from tests.data.test_clips import write_folder


def test_a_corpus_is_built_counted_audited_and_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clips, out = write_clips(tmp_path / "clips"), tmp_path / "out"
    words = (
        f"data build recipes/corpus.toml --clips {clips} --cache {tmp_path / 'cache'} --streams 3 --out {out} --json"
    )
    assert main(words.split()) == 0
    built = json.loads(capsys.readouterr().out)
    assert len(built["sha256"]) == 64 and built["streams"] + built["missing"] == 3 and built["hours"] > 0
    assert main(["data", "stats", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["streams"] == built["streams"]
    assert (out / "stats.html").exists()
    assert main(["data", "audit", str(out), "--use", "sell", "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)["licences"]) == {"CC0-1.0"}
    assert main(["data", "check", str(clips)]) == 0
    assert main(["data", "audit", str(tmp_path)]) == 1
    assert "is no corpus" in capsys.readouterr().err


def test_several_folders_of_voices_go_into_one_corpus(tmp_path: Path) -> None:
    folders = tuple(tmp_path / name for name in ("clips", "flite", "kokoro"))
    order = order_of((Path("recipes/corpus.toml"), ()), folders[0], folders[1:], 3, 0, None, tmp_path / "out")
    assert order.folders == tuple(map(str, folders))


def test_a_voice_of_two_splits_stops_a_build(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clips = write_clips(tmp_path / "clips")
    for split in ("train", "test"):
        said = {"kind": "speech", "synthetic": True, "speaker": "slt", "group": "flite:slt", "split": split}
        write_folder(tmp_path / split, [{"id": split, "path": "a.wav", "label": "speech_voice", **said}])
    words = f"data build recipes/corpus.toml --clips {clips} --cache {tmp_path / 'cache'} --streams 3"
    words += f" --voices {tmp_path / 'train'} --voices {tmp_path / 'test'} --out {tmp_path / 'out'}"
    assert main(words.split()) == 1
    assert "flite:slt stands in two splits" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()  # nothing is claimed: the same words with one folder less may build
