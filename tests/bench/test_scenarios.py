"""Folders of real life: what is found in them, and how silence there goes with that of a twin."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from soundflow.audio.decode import write_wav
from soundflow.bench.scenarios import correlation, find_recordings, hear, run_scenarios
from soundflow.data.timeline import write_timeline
from soundflow.errors import InputError
from soundflow.testing.model import Script, ScriptedReply, scripted_bundle
from tests.bench.streams import event, timeline

SCRIPT = Script({4: ScriptedReply("A siren."), 12: ScriptedReply("A siren.")})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two scenarios; the recording at home has a twin and a timeline."""
    for name in ("home/morning.wav", "home/morning.synthetic.wav", "work/desk.wav"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        write_wav(tmp_path / name, np.zeros(8 * 16_000, np.float32))
    write_timeline(timeline(event(1, 4, "respond"), seconds=8.0), tmp_path / "home" / "morning.timeline.json")
    return tmp_path


def test_recordings_know_their_twin_and_timeline(folder: Path) -> None:
    home, work = find_recordings(folder)
    assert home.scenario == "home" and home.twin is not None and home.timeline is not None
    assert work.scenario == "work" and work.twin is None and work.timeline is None
    with pytest.raises(InputError, match="no recordings in folders"):
        find_recordings(folder / "home")


def test_a_recording_is_heard_chunk_by_chunk(folder: Path) -> None:
    found = hear(scripted_bundle(SCRIPT), folder / "work" / "desk.wav")
    assert [k for k, silent in enumerate(found.silent) if not silent] == [4, 12]
    assert [reply.at for reply in found.replies] == [2.0, 5.2] and found.seconds == pytest.approx(8.0)


def test_figures_by_scenario(folder: Path) -> None:
    found = run_scenarios(scripted_bundle(SCRIPT), find_recordings(folder))
    assert list(found) == ["home", "work", "all"]
    assert found["home"]["silence_rate"]["value"] == pytest.approx(18 / 20)
    assert found["home"]["correlation"] == pytest.approx(1.0), "the twin is the same"
    assert found["home"]["triggers"]["recall"]["value"] == 1
    assert found["work"]["correlation"] is None and found["work"]["triggers"] is None
    assert found["all"]["recordings"] == 2 and found["all"]["replies_per_hour"]["value"] == pytest.approx(900)


def test_a_timeline_that_is_no_text_is_told_before_anything_is_heard(folder: Path) -> None:
    (folder / "home" / "morning.timeline.json").write_bytes(b'{"seconds": "\xff"}')
    with pytest.raises(InputError, match=r"cannot read .*timeline\.json"):
        run_scenarios(scripted_bundle(SCRIPT), find_recordings(folder))


def test_correlation_by_hand() -> None:
    real = [True] * 5 + [False] * 5 + [True] * 5
    assert correlation([(real, real)], 5) == pytest.approx(1)
    assert correlation([(real, [not silent for silent in real])], 5) == pytest.approx(-1)
    assert correlation([(real, [True] * 15)], 5) is None and correlation([], 5) is None
