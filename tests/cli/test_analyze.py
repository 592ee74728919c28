"""`soundflow analyze`: each verb over a tiny model, as JSON and as a picture."""

from __future__ import annotations

import dataclasses
import json
import shlex
from pathlib import Path
from typing import Any

import pytest
import torch

from soundflow.cli.main import main
from soundflow.model.bundle import Bundle
from soundflow.model.checkpoint.ours import save_folder
from soundflow.model.network import AudioInteractionModel, initialise
from soundflow.model.tokens import own_control_tokens
from soundflow.testing.model import byte_tokenizer, small_config
from tests.data.test_clips import write_folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights that give short replies."""
    tokenizer = byte_tokenizer()
    config = small_config(tokenizer.vocab_size, own_control_tokens(), max_chunks=30)
    config = dataclasses.replace(config, max_reply_tokens=2, response_threshold=0.9)
    network = AudioInteractionModel(config)
    initialise(network, torch.Generator().manual_seed(3))
    path = tmp_path_factory.mktemp("models") / "tiny"
    save_folder(Bundle(network, tokenizer, config, "tiny"), path)
    return path


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tones in two splits."""
    rows: list[dict[str, Any]] = [
        {"id": f"{split}{label}{i}", "path": f"{split}{label}{i}.wav", "label": label, "kind": "event", "length": 1.5}
        | {"split": split}
        for split in ("valid", "test")
        for label in ("siren", "cow")
        for i in range(3)
    ]
    labels = {"siren": {"proactive": True}, "cow": {"proactive": False}}
    return write_folder(tmp_path_factory.mktemp("clips") / "in", rows, labels)


def told(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    """The one object that a command prints."""
    assert main([*words, "--json"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


def test_why_and_attention_of_a_decision(
    folder: Path, recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    common = [str(recording), "--model", str(folder), "--chunk", "3", "--arithmetic", "float32", "--picture"]
    why = told(capsys, "analyze", "why", *common, str(tmp_path / "why.png"))
    assert why["chunk"] == 3 and why["stream"] == "noise" and why["end"] == 1.6
    assert {"start", "end", "p_response", "fall"} == set(why["carrier"]) and why["stretches"]
    looked = told(capsys, "analyze", "attention", *common, str(tmp_path / "attention.png"))
    assert (
        looked["chunk"] == 3
        and len(looked["heads"]) == 4
        and looked["p_response"] == pytest.approx(why["p_response"], abs=1e-3)
    )
    assert all((tmp_path / name).read_bytes()[:4] == b"\x89PNG" for name in ("why.png", "attention.png"))


@pytest.mark.parametrize("verb", ["why", "attention", "continuity", "heads"])
def test_a_picture_that_cannot_be_written_is_told_before_the_work(
    verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    monkeypatch.setattr("soundflow.api.load", None)  # a call would be an error of another kind
    (tmp_path / "file").write_text("kept")
    words = ["kitchen"] if verb in ("why", "attention") else []
    assert main(["analyze", verb, *words, "--picture", str(tmp_path / "file" / "a.png")]) == 3
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("soundflow: error analysis.write: cannot write ")


def test_the_command_is_what_was_typed(
    folder: Path, recording: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = ["analyze", "why", "my sound.wav", "--instruction", "Tell me when the baby cries"]
    monkeypatch.setattr("sys.argv", ["soundflow", *typed])
    why = told(capsys, "analyze", "why", str(recording), "--model", str(folder), "--chunk", "1")
    assert shlex.split(why["command"])[1:] == typed


def test_without_json_they_say_it_in_words(folder: Path, recording: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", "why", str(recording), "--model", str(folder)]) == 0
    assert "speaks most for speaking: without it p(speak) is" in capsys.readouterr().out
    assert main(["analyze", "attention", str(recording), "--model", str(folder)]) == 0
    assert "L1H1" in capsys.readouterr().out


def test_continuity_of_composed_streams(
    folder: Path, clips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["analyze", "continuity", "--clips", str(clips), "--cache", str(tmp_path), "--streams", "2"]
    found = told(capsys, *words, "--model", str(folder))
    assert [row["stage"] for row in found["stages"]] == ["encoder", "adapter", "layer 0", "layer 1"]
    assert set(found["stages"][0]["ratio"]) == {"value", "low", "high"} and found["count"] == 2
    assert main([*words, "--model", str(folder)]) == 0
    assert "layer 1" in capsys.readouterr().out


def test_heads_are_ranked_and_checked_and_a_second_run_goes_on(
    folder: Path, clips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["analyze", "heads", "--clips", str(clips), "--cache", str(tmp_path / "cache"), "--model", str(folder)]
    words += ["--streams", "2", "--check-streams", "1", "--random-heads", "1", "--state", str(tmp_path / "state")]
    found = told(capsys, *words)
    assert len(found["heads"]) == 4 and found["ablation"] == "zero"
    assert set(found["check"]["conditions"]) == {"undisturbed", found["heads"][0]["head"], *found["check"]["random"]}
    (state,) = (tmp_path / "state").iterdir()
    kept = state.read_bytes()
    again = told(capsys, *words)
    assert again["heads"] == found["heads"] and again["check"] == found["check"] and state.read_bytes() == kept
    assert main(words) == 0
    assert "each head zeroed" in capsys.readouterr().out


def test_a_chunk_that_is_not_there_and_a_missing_file_are_one_line(
    folder: Path, recording: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["analyze", "why", str(recording), "--model", str(folder), "--chunk", "99"]) == 1
    assert "error analysis.chunk" in capsys.readouterr().err
    assert main(["analyze", "attention", "nowhere.wav", "--model", str(folder)]) == 1
    assert "error source.missing" in capsys.readouterr().err
    assert main(["analyze", "why", "mic", "--model", str(folder)]) == 2
    assert "error analysis.microphone" in capsys.readouterr().err
