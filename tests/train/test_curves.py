"""Curves with a stand-in for W&B, and with the package itself, offline, where it is installed."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from soundflow.cli.main import main
from soundflow.errors import OutsideError, UsageError
from soundflow.train.curves import WandbChoice, check_wandb, curves_of
from soundflow.train.staged import read_staged, run_staged
from tests.train.test_staged import write_recipe

pytest.importorskip("tensorboard", reason="tensorboard is not installed")


class FakeRun:
    """Remembers what it was told."""

    def __init__(self, **given: Any) -> None:
        self.given, self.logged, self.is_finished = given, list[dict[str, Any]](), False

    def define_metric(self, name: str, step_metric: str) -> None:
        assert (name, step_metric) == ("*", "step")

    def log(self, row: dict[str, Any]) -> None:
        assert not self.is_finished
        self.logged.append(row)

    def finish(self) -> None:
        self.is_finished = True


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[FakeRun]:
    """The runs that a stand-in for the package has begun."""
    begun: list[FakeRun] = []

    def init(**given: Any) -> FakeRun:
        if given["mode"] == "online":
            raise RuntimeError("api_key not configured (no-tty)")
        begun.append(FakeRun(**given))
        return begun[-1]

    package: Any = ModuleType("wandb")
    package.init, package.Settings = init, SimpleNamespace
    monkeypatch.setitem(sys.modules, "wandb", package)
    return begun


def test_without_a_project_nothing_of_wandb_is_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)  # importing it would fail
    check_wandb(WandbChoice())
    (board,) = curves_of(tmp_path, 0, WandbChoice())
    board.add_scalar("train/loss", 1.0, 1)
    board.close()
    assert list((tmp_path / "tensorboard").iterdir()) and not (tmp_path / "wandb-id").exists()


def test_figures_go_to_both_and_a_resumed_run_is_the_same_run(tmp_path: Path, runs: list[FakeRun]) -> None:
    choice = WandbChoice("sounds", name="first")
    for step in (1, 2):
        for curves in curves_of(tmp_path, step - 1, choice):
            curves.add_scalar("train/loss", 1.0 / step, step)
            curves.close()
    first, second = runs
    assert first.logged == [{"train/loss": 1.0, "step": 1}] and second.logged == [{"train/loss": 0.5, "step": 2}]
    assert first.given["id"] == second.given["id"] and first.given["resume"] == "allow"
    assert first.given["mode"] == "offline" and first.given["dir"] == str(tmp_path)
    settings = first.given["settings"]
    assert settings.disable_git and settings.disable_code and settings.x_disable_stats and settings.console == "off"
    assert first.is_finished and second.is_finished


def test_a_package_that_is_not_there_is_one_line_before_any_work(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    path = write_recipe(tmp_path, corpus, 4)
    assert main(["train", str(path), "wandb.project=sounds"]) == 3
    said = capsys.readouterr().err.splitlines()
    assert any("error wandb.missing" in line and ".[wandb]" in line for line in said)
    assert not (tmp_path / "out").exists()


def test_what_wandb_refuses_and_a_mode_it_has_not(tmp_path: Path, runs: list[FakeRun]) -> None:
    with pytest.raises(OutsideError, match="api_key"):
        curves_of(tmp_path, 0, WandbChoice("sounds", "online"))
    with pytest.raises(UsageError, match="offlin"):
        check_wandb(WandbChoice("sounds", "offlin"))  # type: ignore[arg-type]


def test_a_stage_draws_its_losses(corpus: Path, tmp_path: Path, runs: list[FakeRun]) -> None:
    path = write_recipe(tmp_path, corpus, 4)
    run_staged(read_staged(path, ["wandb.project=sounds", "stage.steps=1"]))
    (run,) = runs
    assert {"train/loss", "train/stream", "valid/lm"} <= {name for row in run.logged for name in row}
    read_staged(path, ["stage.steps=1"])  # and without W&B it is the same run still: there is nothing left to do
    assert run_staged(read_staged(path, ["stage.steps=1"])).is_dir() and len(runs) == 1


@pytest.mark.slow
def test_the_package_itself_offline(tmp_path: Path) -> None:
    pytest.importorskip("wandb", reason="wandb is not installed")
    for curves in curves_of(tmp_path, 0, WandbChoice("sounds")):
        curves.add_scalar("train/loss", 0.5, 1)
        curves.close()
    assert list(tmp_path.glob("wandb/offline-run-*/*.wandb"))
