"""`soundflow data build` and its neighbours: one JSON line, exit codes, and what each leaves behind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from soundflow.cli.main import main
from tests.data.build.clips import write_clips


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
