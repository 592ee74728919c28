"""`model info` says what a folder holds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from soundflow.cli.main import main


def test_facts_as_json(model_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["model", "info", str(model_folder), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["chunk_seconds"] == 0.4
    assert facts["window_seconds"] == pytest.approx(3.2)
    assert facts["front_end"] == "80 mel bins, normaliser window"
    assert facts["parameters"] > 0 and facts["bytes_on_disk"] > 0
    assert facts["card"] is None


def test_facts_as_lines_and_the_card(model_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    card = model_folder / "README.md"
    card.write_text("a card")
    try:
        assert main(["model", "info", str(model_folder)]) == 0
    finally:
        card.unlink()
    out = capsys.readouterr().out
    assert "front end" in out and str(card) in out


def test_a_folder_without_a_model_is_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["model", "info", str(tmp_path)]) == 1
    assert "config.json" in capsys.readouterr().err
