"""`model convert` and `model quantize`: another layout with the same bits, fewer bits with a report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from soundflow.cli.main import main
from soundflow.model.checkpoint.recognise import layout_of, load_model

Capture = pytest.CaptureFixture[str]


def test_a_copy_in_our_layout_has_the_same_bits(model_folder: Path, tmp_path: Path, capsys: Capture) -> None:
    assert main(["model", "convert", str(model_folder), str(tmp_path / "copy"), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["from"], facts["to"]) == ("soundflow", "soundflow")
    wanted = load_model(model_folder).network.state_dict()
    copied = load_model(tmp_path / "copy").network.state_dict()
    assert all(torch.equal(copied[name], tensor) for name, tensor in wanted.items())
    assert layout_of(tmp_path / "copy") == "soundflow"


def test_an_unknown_layout_is_a_wrong_command(model_folder: Path, tmp_path: Path, capsys: Capture) -> None:
    assert main(["model", "convert", str(model_folder), str(tmp_path / "x"), "--to", "somewhere"]) == 2
    assert "--to somewhere" in capsys.readouterr().err


def test_a_model_is_not_written_over_itself(model_folder: Path, capsys: Capture) -> None:
    assert main(["model", "convert", str(model_folder), str(model_folder)]) == 2
    assert main(["model", "quantize", str(model_folder), str(model_folder)]) == 2
    assert "is the model itself" in capsys.readouterr().err


def test_fewer_bits_come_with_a_report(model_folder: Path, recording: Path, tmp_path: Path, capsys: Capture) -> None:
    arguments = ["model", "quantize", str(model_folder), str(tmp_path / "small"), "--sound", str(recording), "--json"]
    assert main(arguments) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["bytes_after"] < facts["bytes_before"]
    assert facts["chunks"] == 5
    assert 0 <= facts["same_decisions"] <= 5
    assert facts["ms_before"] > 0 and facts["ms_after"] > 0


def test_a_mean_of_two_models_is_written_beside_them(model_folder: Path, tmp_path: Path, capsys: Capture) -> None:
    target = tmp_path / "mean"
    assert (
        main(["model", "average", str(model_folder), str(model_folder), str(target), "--share", "0.3", "--json"]) == 0
    )
    assert json.loads(capsys.readouterr().out)["share"] == 0.3
    wanted, found = (load_model(folder).network.state_dict() for folder in (model_folder, target))
    for name, tensor in wanted.items():
        torch.testing.assert_close(found[name], tensor)
    assert main(["model", "average", str(model_folder), "nano", str(model_folder)]) == 2
    assert "is one of the two" in capsys.readouterr().err
