"""`soundflow model assemble`: two foreign folders in, one of ours out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from safetensors.torch import save_file

from soundflow.cli.main import main
from soundflow.model.checkpoint.recognise import layout_of
from tests.model.checkpoint.lms import write_lm
from tests.model.checkpoint.test_join import encoder_tensors


def test_folders_become_a_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    transformers = pytest.importorskip("transformers")
    write_lm(tmp_path / "lm", transformers, "llama")
    (tmp_path / "whisper").mkdir()
    tensors = {f"model.encoder.{name}": tensor for name, tensor in encoder_tensors().items()}
    save_file(tensors, tmp_path / "whisper" / "model.safetensors")
    capsys.readouterr()
    out = tmp_path / "mine"
    words = ["--encoder", str(tmp_path / "whisper"), "--decoder", str(tmp_path / "lm"), "--out", str(out)]
    assert main(["model", "assemble", *words, "--pool", "10", "--encoder-layers", "1", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["encoder"] == "1 layers of width 128" and facts["out"] == str(out)
    assert layout_of(out) == "soundflow"


def test_an_architecture_that_does_not_fit_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "gpt2"}')
    words = ["--encoder", "package", "--decoder", str(tmp_path), "--out", str(tmp_path / "out")]
    assert main(["model", "assemble", *words]) == 1
    line = capsys.readouterr().err
    assert len(line.splitlines()) == 1 and "'gpt2'" in line and not (tmp_path / "out").exists()
