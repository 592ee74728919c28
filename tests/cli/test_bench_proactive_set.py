"""`soundflow bench proactive-set`: both tiers in one object; a second run hears nothing again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from soundflow.bench.baselines.rows import TRIVIAL
from soundflow.cli.main import main
from soundflow.model.bundle import Bundle
from soundflow.model.checkpoint.ours import save_folder
from tests.data.test_clips import write_folder
from tests.model.conftest import small_bundle

__all__ = ["small_bundle"]  # the fixture of the model's tests


def test_both_tiers(tmp_path: Path, small_bundle: Bundle, capsys: pytest.CaptureFixture[str]) -> None:
    save_folder(small_bundle, tmp_path / "model", "float32")
    rows = [
        {"id": f"c{n}", "path": f"c{n}.wav", "label": "siren", "kind": "event", "split": "test", "length": 0.5}
        | {"proactive": n % 2 == 0, "category": "Traffic / Traffic"}
        for n in range(4)
    ]
    clips = write_folder(tmp_path / "in", rows, {})
    command = f"bench proactive-set --clips {clips} --model {tmp_path / 'model'} --threshold 1 --out {tmp_path / 'out'}"
    words = [*command.split(), "--outcomes", str(tmp_path / "rows.jsonl"), "--json"]
    assert main(words) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["items"], found["macro"], found["meso"]) == (4, 1, 1)
    for tier in ("single", "multiple"):
        row = found["tiers"][tier]
        assert (row["recall"]["value"], row["specificity"]["value"]) == (0, 1) and tuple(row["trivial"]) == TRIVIAL
    said = tmp_path / "out" / "single"
    before = {path: path.stat().st_mtime_ns for path in said.iterdir()}
    assert len(before) == 4 and len((tmp_path / "rows.jsonl").read_text().splitlines()) == 8
    assert main(words) == 0 and {path: path.stat().st_mtime_ns for path in said.iterdir()} == before
