"""`soundflow data transcribe`: an endpoint listens, a folder of clips comes out."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from soundflow.cli.main import main
from soundflow.testing.endpoint import LyingEndpoint
from tests.data.endpoints.honest import hears

pytest.importorskip("openai", reason="openai is not installed")


def test_an_endpoint_writes_down_what_had_no_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clips = tmp_path / "clips"
    clips.mkdir()
    soundfile.write(clips / "a.wav", np.random.default_rng(0).normal(0, 0.1, 8000), 16_000)
    (clips / "clips.jsonl").write_text(json.dumps({"id": "a", "path": "a.wav", "kind": "speech", "label": "speech_x"}))
    with LyingEndpoint(hears("Good morning!"), share=0.0) as ear:
        (tmp_path / "r.toml").write_text(f'[transcription]\nurl = "{ear.url}"\nlanguages = ["en"]\n')
        words = ["data", "transcribe", "--clips", str(clips), "--recipe", str(tmp_path / "r.toml"), "--json"]
        assert main([*words, "--out", str(tmp_path / "out")]) == 0
    assert json.loads(capsys.readouterr().out) == {"out": str(tmp_path / "out"), "written": 1, "kept": 0, "refused": 0}
    (line,) = (tmp_path / "out" / "clips.jsonl").read_text().splitlines()
    assert json.loads(line)["transcript"] == "Good morning!"
