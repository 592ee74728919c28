"""The verb hands the recipe and its overrides on, and prints where the model lies."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

from soundflow.cli.main import main


def test_recipe_and_overrides_reach_the_trainer(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    calls: list[tuple[Path, tuple[str, ...]]] = []

    def run_recipe(path: Path, overrides: tuple[str, ...]) -> Path:
        calls.append((path, overrides))
        return Path("out/model")

    fake = ModuleType("soundflow.train.run")
    fake.run_recipe = run_recipe  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "soundflow.train.run", fake)
    assert main(["train", "recipes/nano.toml", "trainer.steps=3", "clips=x"]) == 0
    assert calls == [(Path("recipes/nano.toml"), ("trainer.steps=3", "clips=x"))]
    assert capsys.readouterr().out == "out/model\n"


def test_a_missing_recipe_is_a_wrong_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", str(tmp_path / "no.toml")]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
