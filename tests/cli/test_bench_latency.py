"""`soundflow bench latency`: one object with both clocks and both schedules."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from soundflow.cli.main import main
from soundflow.model.bundle import Bundle
from soundflow.model.checkpoint.ours import save_folder
from tests.data.test_clips import write_folder
from tests.model.conftest import small_bundle

__all__ = ["small_bundle"]  # the fixture of the model's tests


@pytest.mark.slow
def test_rows_for_both_clocks(tmp_path: Path, small_bundle: Bundle, capsys: pytest.CaptureFixture[str]) -> None:
    save_folder(small_bundle, tmp_path / "model", "float32")
    rows = [
        {"id": f"c{n}", "path": f"c{n}.wav", "label": "siren", "kind": "event", "split": "test", "length": 1.0}
        | {"proactive": n % 2 == 0}
        for n in range(4)
    ]
    clips = write_folder(tmp_path / "in", rows, {})
    command = f"bench latency --clips {clips} --cache {tmp_path / 'c'} --model {tmp_path / 'model'} --streams 1 --json"
    assert main(command.split()) == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found["rows"]) == 6 and len(found["chunk_size"]) == 4 and found["costs"]["encode_ms"] > 0
