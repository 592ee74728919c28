"""`model convert` and `model quantize`: another layout with the same bits, fewer bits with a report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

import soundflow.api
from soundflow.cli.main import main
from soundflow.model.checkpoint.ours import Storage, save_folder, storage_of
from soundflow.model.checkpoint.recognise import layout_of, load_model
from soundflow.model.int4 import int4_supported
from soundflow.model.quantize import int8_supported

Capture = pytest.CaptureFixture[str]


def test_a_copy_in_our_layout_has_the_same_bits(model_folder: Path, tmp_path: Path, capsys: Capture) -> None:
    assert main(["model", "convert", str(model_folder), str(tmp_path / "copy"), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["from"], facts["to"]) == ("soundflow", "soundflow")
    wanted = load_model(model_folder).network.state_dict()
    copied = load_model(tmp_path / "copy").network.state_dict()
    assert all(torch.equal(copied[name], tensor) for name, tensor in wanted.items())
    assert layout_of(tmp_path / "copy") == "soundflow"


@pytest.mark.parametrize("storage", ["int8", "int4", "bfloat16"])
def test_a_copy_stays_in_the_bits_it_was_stored_in(
    storage: Storage, model_folder: Path, tmp_path: Path, capsys: Capture
) -> None:
    stored, copy = tmp_path / "stored", tmp_path / "copy"
    save_folder(load_model(model_folder), stored, storage)
    assert main(["model", "convert", str(stored), str(copy)]) == 0
    assert storage_of(copy) == storage
    wanted, found = (load_file(folder / "model.safetensors") for folder in (stored, copy))
    assert found.keys() == wanted.keys()
    assert all(
        torch.equal(tensor, found[name]) and tensor.dtype == found[name].dtype for name, tensor in wanted.items()
    )
    for name in ("config.json", "tokenizer.json"):
        assert (copy / name).read_bytes() == (stored / name).read_bytes()


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


@pytest.mark.parametrize("to", ["int8", "int4"])
def test_the_report_says_what_was_run(
    to: str, model_folder: Path, recording: Path, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not (int8_supported() and int4_supported()):
        pytest.skip("this build of torch has not both kernels")
    asked: list[tuple[object, ...]] = []
    load = soundflow.api.load

    def noted(*arguments: Any) -> Any:
        asked.append(arguments[1:])
        return load(*arguments)

    monkeypatch.setattr("soundflow.api.load", noted)
    command = ["model", "quantize", str(model_folder), str(tmp_path / "small"), "--to", to, "--sound", str(recording)]
    assert main(command) == 0 and f" ms in {to}," in capsys.readouterr().out
    monkeypatch.setattr("soundflow.model.quantize.int8_supported", lambda: False)
    monkeypatch.setattr("soundflow.model.int4.int4_supported", lambda: False)
    assert main(command) == 0 and " ms in float32," in capsys.readouterr().out
    assert asked == [(to, "cpu"), ("float32", "cpu")]


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
