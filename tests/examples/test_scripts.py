"""The short programs run as they are, and the packaged recordings can be composed again."""

from __future__ import annotations

import importlib.util
import json
import random
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from soundflow.api import Model
from soundflow.audio.decode import read_audio, write_wav
from soundflow.data.timeline import Timeline
from soundflow.errors import InputError
from soundflow.testing.model import Script, ScriptedReply, scripted_bundle

CHUNK = 6400  # samples of 0.4 s


@pytest.fixture
def examples(repository: Path) -> Path:
    """The folder of the programs."""
    return repository / "examples"


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Model:
    """Every model that is loaded speaks at its third chunk."""
    model = Model(scripted_bundle(Script({2: ScriptedReply("Glass broke.", "urgent")})))
    monkeypatch.setattr("soundflow.api.load", lambda *_, **__: model)
    monkeypatch.setattr("soundflow.load", lambda *_, **__: model, raising=False)
    return model


def program(path: Path) -> ModuleType:
    """A script as a module, without running its main."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_hear_a_file(scripted: Model, examples: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_wav(tmp_path / "x.wav", np.zeros(4 * CHUNK, np.float32))
    program(examples / "hear_a_file.py").main(str(tmp_path / "x.wav"))
    assert capsys.readouterr().out.splitlines() == ["  1.2 s  urgent: Glass broke.", "4 decisions in 1.6 s of sound"]


def test_feed_a_session(scripted: Model, examples: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program(examples / "feed_a_session.py").main()
    out = capsys.readouterr().out
    assert len([line for line in out.splitlines() if "p(response)" in line]) == 10
    assert "Glass broke." in out


def test_watch_the_microphone(scripted: Model, examples: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program(examples / "watch_the_microphone.py").main([np.zeros(CHUNK, np.float32)] * 3)
    assert "Glass broke." in capsys.readouterr().out


class TestMakeExamples:
    """The builder, on a folder of clips of its own."""

    @pytest.fixture
    def builder(self, examples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
        """The builder with a score of one clip and one generated alarm."""
        module = program(examples / "make_examples.py")
        scores = tmp_path / "scores.toml"
        scores.write_text(
            '[porch]\nseconds = 8.0\nroom = -60.0\nlicence = "CC-BY-SA-3.0"\nsounds = [\n'
            '{ at = 0.5, clip = "s1", level = -20.0 },\n'
            '{ at = 1.6, make = "smoke_alarm", style = "t3", seed = 5, level = -22.0 },\n]\n'
        )
        monkeypatch.setattr(module, "SCORES", scores)
        return module

    @pytest.fixture
    def clips(self, tmp_path: Path) -> Path:
        """One clip of a Debian package."""
        folder = tmp_path / "clips"
        folder.mkdir()
        write_wav(folder / "s1.wav", np.random.default_rng(0).normal(0, 0.1, 8000).astype(np.float32))
        self.write_row(folder, source="Debian package minetest-data", licence="CC-BY-SA-3.0 / CC0")
        return folder

    def write_row(self, folder: Path, **changes: str) -> None:
        """The one row of clips.jsonl."""
        row = {"id": "s1", "path": "s1.wav", "label": "footsteps", "kind": "event", "proactive": False, "split": "test"}
        names = {"recording": "minetest:step", "source_file": "x/default_wood_footstep.1.ogg"}
        (folder / "clips.jsonl").write_text(json.dumps({**row, **names, **changes}) + "\n")

    def test_recording_timeline_and_attribution(self, builder: ModuleType, clips: Path, tmp_path: Path) -> None:
        out = tmp_path / "out"
        assert builder.main(["--clips", str(clips), "--out", str(out)]) == 0
        assert len(read_audio(out / "porch.ogg")) == 8 * 16_000
        timeline = Timeline.from_json((out / "porch.timeline.json").read_text())
        assert [(e.label, e.decision, e.synthetic) for e in timeline.events] == [
            ("footsteps", "ignore", False),
            ("smoke_alarm", "respond", True),
        ]
        text = (out / "ATTRIBUTION.md").read_text()
        assert "| 0.50 | 1.00 | footsteps | s1 |" in text and "Mito551 | CC-BY-SA-3.0 | test |" in text

    def test_check_tells_whether_files_are_what_the_scores_give(
        self, builder: ModuleType, clips: Path, tmp_path: Path
    ) -> None:
        out = tmp_path / "out"
        builder.main(["--clips", str(clips), "--out", str(out)])
        assert builder.main(["--clips", str(clips), "--check", str(out)]) == 0
        builder.write_ogg(out / "porch.ogg", np.zeros(8 * 16_000, np.float32))
        assert builder.main(["--clips", str(clips), "--check", str(out)]) == 1

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"source": "karolpiczak/ESC-50", "licence": "CC-BY-NC-3.0"}, "Debian package"),
            ({"source": "Debian package torcs-data", "licence": "GPL-2.0+", "source_file": "x.wav"}, "may hold"),
        ],
    )
    def test_only_free_clips_under_fitting_licences(
        self, builder: ModuleType, clips: Path, tmp_path: Path, changes: dict[str, str], words: str
    ) -> None:
        self.write_row(clips, **changes)
        with pytest.raises(InputError, match=words):
            builder.main(["--clips", str(clips), "--out", str(tmp_path / "out")])


def test_every_score_names_free_clips_only(examples: Path, shared_dir: Path) -> None:
    builder = program(examples / "make_examples.py")
    clips = builder.read_clips(shared_dir / "data")
    for score in tomllib.loads((examples / "scores.toml").read_text()).values():
        for row in score["sounds"]:
            if "clip" in row:
                assert clips[row["clip"]]["source"].startswith("Debian package ")
                assert builder.credit(clips[row["clip"]])[1] in builder.MAY_HOLD[score["licence"]]


def test_a_tune_is_a_midi_file_whose_keys_all_come_up_again(examples: Path) -> None:
    script = program(examples / "notes_from_soundfonts.py")
    keys = [draw(random.Random(n), 40) for n in range(50) for draw in (script.piece, script.beats)]
    assert all(at >= 0 and at + seconds < script.SLOT_SECONDS for tune in keys for at, seconds, _ in tune)
    data = script.midi([(40, 100, tune) for tune in keys])
    assert data[:4] == b"MThd" and data[14:18] == b"MTrk" and int.from_bytes(data[18:22], "big") == len(data) - 22
    assert data.count(b"\xff\x2f\x00") == 1 and script.midi([(40, 100, [(0.0, 1.0, 60)])]).endswith(
        bytes((0x87, 0x40, 0x80, 60, 0)) + bytes((0x87, 0x40)) + b"\xff\x2f\x00"
    )
