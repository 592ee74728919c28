"""`soundflow bench replay` on a recording of nano."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from soundflow.api import load
from soundflow.cli.main import app
from soundflow.stream.engine import Engine
from soundflow.stream.recording import Recording


@pytest.mark.slow
def test_a_recording_of_nano_is_the_same_again(tmp_path: Path) -> None:
    recording = Recording()
    with Engine(load("nano").bundle) as engine:
        session = engine.open(threshold=0.0, recording=recording)
        session.feed(np.random.default_rng(0).standard_normal(6400 * 3).astype(np.float32) * 0.1)
        session.end()
        list(session.events())
    recording.save(tmp_path / "one.trace")
    done = CliRunner().invoke(app, ["bench", "replay", str(tmp_path / "one.trace"), "--json"])
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert report["is_equal"] and report["decisions"] >= 1 and report["tokens"] >= 1


def test_a_file_that_is_no_recording_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("hello")
    done = CliRunner().invoke(app, ["bench", "replay", str(tmp_path / "x")])
    assert done.exit_code == 1
