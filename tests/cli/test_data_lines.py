"""`soundflow data import` and `data export` on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from soundflow.cli.main import main
from tests.data.test_import_lines import published, read
from tests.data.test_published_lines import line


def test_lines_go_in_and_out_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = published(tmp_path, line(), line(num_turns=7))
    assert main(["data", "import", str(path), "--out", str(tmp_path / "ours.jsonl"), "--json"]) == 0
    told = capsys.readouterr()
    assert json.loads(told.out) == {
        "out": str(tmp_path / "ours.jsonl"),
        "form": "streamaudio",
        "lines": 1,
        "rejected": 1,
    }
    assert "left out line 2: `num_turns` is 7" in told.err
    assert main(["data", "export", str(tmp_path / "ours.jsonl"), "--out", str(tmp_path / "back.jsonl")]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'back.jsonl'}\n" and read(tmp_path / "back.jsonl") == [line()]


def test_what_cannot_be_imported_or_exported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "import", str(tmp_path / "none"), "--out", str(tmp_path / "out")]) == 1
    assert main(["data", "export", str(tmp_path / "none"), "--out", str(tmp_path / "out")]) == 1
    assert main(["data", "export", str(tmp_path), "--out", str(tmp_path / "out")]) == 1
    assert "is no corpus" in capsys.readouterr().err and not list(tmp_path.iterdir())
