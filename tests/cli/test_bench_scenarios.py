"""`soundflow bench scenarios`: a row a scenario."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from soundflow.audio.decode import write_wav
from soundflow.cli.main import main
from soundflow.model.bundle import Bundle
from soundflow.model.checkpoint.ours import save_folder
from tests.model.conftest import small_bundle

__all__ = ["small_bundle"]  # the fixture of the model's tests


def test_a_row_a_scenario(tmp_path: Path, small_bundle: Bundle, capsys: pytest.CaptureFixture[str]) -> None:
    save_folder(small_bundle, tmp_path / "model", "float32")
    (tmp_path / "real" / "home").mkdir(parents=True)
    write_wav(tmp_path / "real" / "home" / "a.wav", np.zeros(16_000, np.float32))
    command = f"bench scenarios --recordings {tmp_path / 'real'} --model {tmp_path / 'model'} --threshold 1"
    assert main([*command.split(), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["scenarios"]["home"]["silence_rate"]["value"] == 1 and list(found["scenarios"]) == ["home"]
    assert main(command.split()) == 0 and "home" in capsys.readouterr().out
