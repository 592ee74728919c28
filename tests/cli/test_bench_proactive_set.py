"""`soundflow bench proactive-set`: both tiers in one object; a second run hears nothing again."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from soundflow.audio.pcm import SAMPLE_RATE
from soundflow.bench.baselines.rows import TRIVIAL
from soundflow.bench.proactive_streams import GAP_SECONDS
from soundflow.bench.rows import read_answers
from soundflow.bench.scoring import SpokenReply
from soundflow.bench.systems import Samples, System
from soundflow.cli.main import main
from soundflow.model.bundle import Bundle
from soundflow.model.checkpoint.ours import save_folder
from tests.data.test_clips import write_folder
from tests.model.conftest import small_bundle

Capture = pytest.CaptureFixture[str]

__all__ = ["small_bundle"]  # the fixture of the model's tests


def clips_of(folder: Path) -> Path:
    """A folder of four clips, every second of which calls for a word."""
    rows = [
        {"id": f"c{n}", "path": f"c{n}.wav", "label": "siren", "kind": "event", "split": "test", "length": 0.5}
        | {"proactive": n % 2 == 0, "category": "Traffic / Traffic"}
        for n in range(4)
    ]
    return write_folder(folder, rows, {})


def test_both_tiers(tmp_path: Path, small_bundle: Bundle, capsys: pytest.CaptureFixture[str]) -> None:
    save_folder(small_bundle, tmp_path / "model", "float32")
    clips = clips_of(tmp_path / "in")
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


def test_rows_that_cannot_be_written_cost_no_result(
    tmp_path: Path, small_bundle: Bundle, refused_rows: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_folder(small_bundle, tmp_path / "model", "float32")
    clips = clips_of(tmp_path / "in")
    command = f"bench proactive-set --clips {clips} --model {tmp_path / 'model'} --threshold 1 --out {tmp_path / 'out'}"
    assert main([*command.split(), "--outcomes", str(refused_rows), "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["benchmark"] == "proactive_set"


def test_each_threshold_and_each_model_has_answers_of_its_own(
    tmp_path: Path, small_bundle: Bundle, capsys: pytest.CaptureFixture[str]
) -> None:
    save_folder(small_bundle, tmp_path / "model", "float32")
    calmer = dataclasses.replace(small_bundle.config, response_threshold=1.0)
    save_folder(dataclasses.replace(small_bundle, config=calmer), tmp_path / "calmer", "float32")
    run = ["bench", "proactive-set", "--clips", str(clips_of(tmp_path / "in")), "--out", str(tmp_path / "out")]
    recalls = []
    for choice in (["model", "--threshold", "1"], ["model", "--threshold", "0"], ["calmer"]):
        assert main([*run, "--json", "--model", str(tmp_path / choice[0]), *choice[1:]]) == 0
        recalls.append(json.loads(capsys.readouterr().out)["tiers"]["single"]["recall"]["value"])
    assert recalls == [0, 1, 0]


def test_a_store_is_heard_as_its_folder(tmp_path: Path, small_bundle: Bundle, capsys: Capture) -> None:
    save_folder(small_bundle, tmp_path / "model", "float32")
    clips, store = clips_of(tmp_path / "in"), tmp_path / "a.store"
    assert main(["data", "index", str(clips), "--out", str(store), "--json"]) == 0
    capsys.readouterr()
    said = []
    for place in (clips, store):
        out = tmp_path / f"out of {place.name}"
        run = ["bench", "proactive-set", "--clips", str(place), "--out", str(out), "--model", str(tmp_path / "model")]
        assert main([*run, "--threshold", "0", "--json"]) == 0
        single = json.loads(capsys.readouterr().out)["tiers"]["single"]
        assert single["faults"]["missing"] == [] and single["recall"]["value"] == 1
        said.append([read_answers(path).outputs for path in sorted((out / "single").iterdir())])
    assert [list(one.values()) for one in said[0]] == [list(one.values()) for one in said[1]]


def test_of_a_clip_that_is_part_of_a_recording_only_that_part_is_heard(
    tmp_path: Path, small_bundle: Bundle, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[int] = []

    def listen(samples: Samples, instruction: str | None) -> list[SpokenReply]:
        heard.append(len(samples))
        return []

    monkeypatch.setattr("soundflow.cli.bench_system.find_system", lambda *chosen: System("ear", listen))
    row = {"id": "c", "path": "c.wav", "label": "siren", "kind": "event", "split": "test", "length": 3.0}
    part = {"begin": 1.0, "seconds": 0.5, "proactive": True, "category": "Traffic / Traffic"}
    clips = write_folder(tmp_path / "in", [{**row, **part}], {})
    assert main(["bench", "proactive-set", "--clips", str(clips), "--out", str(tmp_path / "out")]) == 0
    assert heard == [round((0.5 + GAP_SECONDS) * SAMPLE_RATE)] * 2
