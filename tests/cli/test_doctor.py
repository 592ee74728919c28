"""Each check, on a tiny model in nano's place."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from soundflow.cli import doctor
from soundflow.cli.doctor import CHECKSUMS, Finding
from soundflow.cli.main import main
from soundflow.model.checkpoint import find


@pytest.fixture
def packaged(tmp_path: Path, model_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The tiny model stands where nano's weights stand."""
    shutil.copytree(model_folder, tmp_path / "nano")
    monkeypatch.setattr(find, "_WEIGHTS", tmp_path)
    return tmp_path / "nano"


def findings(capsys: pytest.CaptureFixture[str]) -> dict[str, Finding]:
    """What the program printed, by name."""
    rows = json.loads(capsys.readouterr().out)["findings"]
    return {row["name"]: Finding(**row) for row in rows}


def write_checksum(folder: Path, checksum: str) -> None:
    """As `sha256sum` writes it."""
    (folder / CHECKSUMS).write_text(f"{checksum}  model.safetensors\n")


def test_a_healthy_installation(packaged: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_checksum(packaged, hashlib.sha256((packaged / "model.safetensors").read_bytes()).hexdigest())
    assert main(["doctor", "--json"]) == 0
    found = findings(capsys)
    assert list(found) == ["python", "processor", "torch", "soundfile", "microphone", "weights", "self-test"]
    assert found["weights"].state == "ok" and "as packaged" in found["weights"].text
    assert "ms a decision" in found["self-test"].text


def test_other_weights_than_packaged_are_a_fault(packaged: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_checksum(packaged, "0" * 64)
    assert main(["doctor", "--json"]) == 1
    assert findings(capsys)["weights"].state == "fault"


def test_every_packaged_model_is_looked_at(packaged: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_checksum(packaged, hashlib.sha256((packaged / "model.safetensors").read_bytes()).hexdigest())
    second = shutil.copytree(packaged, packaged.parent / "nano-2")
    assert main(["doctor", "--json"]) == 0
    assert findings(capsys)["weights"].text.count("MB as packaged") == 2
    write_checksum(second, "0" * 64)
    assert main(["doctor", "--json"]) == 1
    found = findings(capsys)["weights"]
    assert found.state == "fault" and "nano-2" in found.text and found.text.count("MB as packaged") == 1


def test_weights_without_a_checksum_are_a_note(packaged: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json"]) == 0
    assert findings(capsys)["weights"].state == "note"


def test_damaged_weights_are_told_and_the_rest_is_still_checked(
    packaged: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (packaged / "model.safetensors").write_bytes(b"short")
    assert main(["doctor", "--json"]) == 1
    found = findings(capsys)
    assert found["weights"].state == found["self-test"].state == "fault"
    assert found["python"].state == "ok"


def test_plain_output_is_a_line_a_check(packaged: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 7


def test_checksum_lines(tmp_path: Path) -> None:
    (tmp_path / CHECKSUMS).write_text("aa  model.safetensors\nbb *config.json\n\n")
    assert doctor._expected(tmp_path / CHECKSUMS) == {"model.safetensors": "aa", "config.json": "bb"}
    assert doctor._expected(tmp_path / "none") == {}
