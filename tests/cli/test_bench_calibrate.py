"""`soundflow bench calibrate`: a curve, a choice, and a model's folder that holds it."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from soundflow.cli.main import main
from soundflow.model.bundle import Bundle
from soundflow.model.checkpoint.ours import load_folder, save_folder
from tests.data.test_clips import write_folder
from tests.model.conftest import small_bundle

__all__ = ["small_bundle"]  # the fixture of the model's tests


def test_the_threshold_is_written(
    tmp_path: Path,
    small_bundle: Bundle,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    save_folder(small_bundle, tmp_path / "model")
    labels = {"siren": {"proactive": True}, "cow": {"proactive": False}}
    rows = [
        {
            "id": f"{label}{i}",
            "path": f"{label}{i}.wav",
            "label": label,
            "kind": "event",
            "split": "valid",
            "length": 1.5,
        }
        for label in labels
        for i in range(3)
    ]
    rows.append({"id": "b", "label": "room", "kind": "background", "split": "valid", "length": 7.0, "path": "b.wav"})
    clips = write_folder(tmp_path / "in", rows, labels)
    command = f"bench calibrate --clips {clips} --cache {tmp_path / 'cache'} --model {tmp_path / 'model'}"
    typed = ["bench", "calibrate", "--clips", "my clips"]
    monkeypatch.setattr("sys.argv", ["soundflow", *typed])
    assert main([*command.split(), "--streams", "1", "--hours", "0.03", "--false-per-hour", "9001", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert shlex.split(found["command"])[1:] == typed
    assert found["written"] == str(tmp_path / "model") and len(found["curve"]) == 19
    assert load_folder(tmp_path / "model").config.response_threshold == found["chosen"]["threshold"]
    assert "9001 false replies" in (tmp_path / "model" / "README.md").read_text()


def test_a_models_name_that_is_too_long_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["bench", "calibrate", "--clips", str(tmp_path), "--false-per-hour", "1"]
    assert main([*command, "--model", "a" * 300]) == 1
    assert "error model.unknown" in capsys.readouterr().err
