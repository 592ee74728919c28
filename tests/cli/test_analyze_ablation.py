"""`soundflow analyze ablation`: a recipe that makes no sense is one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from soundflow.cli.main import main


def test_a_recipe_that_is_not_there_or_not_well_formed_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("tensorboard", reason="tensorboard is not installed")
    assert main(["analyze", "ablation", str(tmp_path / "none.toml")]) == 2
    assert "error recipe.missing" in capsys.readouterr().err
    (tmp_path / "a.toml").write_text("[loop]\nsteps = 1\n")
    assert main(["analyze", "ablation", str(tmp_path / "a.toml")]) == 2
    assert "error recipe.missing_key" in capsys.readouterr().err
