"""Where a model lies: a folder goes before the package, the package before the hub."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from soundflow.errors import InputError, OutsideError
from soundflow.model.checkpoint import find
from soundflow.model.checkpoint.find import find_folder


@pytest.fixture
def packaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package that holds one model, nano, beside a folder that is none of its."""
    (tmp_path / "weights" / "nano").mkdir(parents=True)
    (tmp_path / "secret").mkdir()
    monkeypatch.setattr(find, "_WEIGHTS", tmp_path / "weights")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "weights"


def test_a_packaged_model_is_found_by_name(packaged: Path) -> None:
    assert find_folder("nano") == packaged / "nano"


def test_a_folder_of_that_name_goes_before_it(packaged: Path, tmp_path: Path) -> None:
    (tmp_path / "nano").mkdir()
    assert find_folder("nano") == Path("nano")


def test_a_hub_name_is_fetched_at_the_asked_revision(packaged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str | None]] = []

    def fetch(name: str, revision: str | None) -> Path:
        asked.append((name, revision))
        return packaged

    monkeypatch.setattr(find, "fetch", fetch)
    assert find_folder("someone/model", revision="v1") == packaged
    assert asked == [("someone/model", "v1")]


def test_an_unknown_model_names_the_packaged_ones(packaged: Path) -> None:
    with pytest.raises(InputError, match=r"no model nanoo .*\(nano\)"):
        find_folder("nanoo")


def test_a_name_never_leaves_the_packages_folder(packaged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(packaged / "nano")
    with pytest.raises((InputError, OutsideError)):
        find_folder("../secret")


@pytest.mark.parametrize("name", ["a" * 300, "a" * 5000, "nul\0l"])
def test_a_name_that_no_folder_can_have_is_unknown(packaged: Path, name: str) -> None:
    with pytest.raises(InputError, match="there is no model"):
        find_folder(name)


@pytest.mark.parametrize("fails", ["stat", "access"])
def test_a_folder_one_may_not_enter_is_told(packaged: Path, monkeypatch: pytest.MonkeyPatch, fails: str) -> None:
    def refuse(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    Path("mine").mkdir()
    if fails == "stat":  # no folder is closed to root
        monkeypatch.setattr(Path, "stat", refuse)
    else:
        monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(InputError, match="no permission to look into mine") as refused:
        find_folder("mine")
    assert refused.value.code == "model.unreadable"
