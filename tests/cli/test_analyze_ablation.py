"""`soundflow analyze ablation`: a recipe that makes no sense is one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from soundflow.cli.main import main
from tests.conftest import REPOSITORY


def test_a_recipe_that_is_not_there_or_not_well_formed_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("tensorboard", reason="tensorboard is not installed")
    assert main(["analyze", "ablation", str(tmp_path / "none.toml")]) == 2
    assert "error recipe.missing" in capsys.readouterr().err
    (tmp_path / "a.toml").write_text("[loop]\nsteps = 1\n")
    assert main(["analyze", "ablation", str(tmp_path / "a.toml")]) == 2
    assert "error recipe.missing_key" in capsys.readouterr().err


def test_what_is_finished_is_shown_and_nothing_is_trained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("tensorboard", reason="tensorboard is not installed")
    recipe = str(REPOSITORY / "recipes" / "ablation.toml")
    changes = [f"out={tmp_path / 'out'}", f"clips={tmp_path / 'nowhere'}", "schedule.dialogues=2"]
    assert main(["analyze", "ablation", recipe, *changes, "--finished", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["rows"] == [] and [row["name"] for row in found["schedules"]] == ["with FIFO", "without FIFO"]
    assert not (tmp_path / "out").exists()
