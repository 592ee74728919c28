"""Where a model lies: in a folder, inside the package, or on the hub. Tests: tests/model/checkpoint/test_find.py."""

from __future__ import annotations

import re
from pathlib import Path

from soundflow.errors import InputError
from soundflow.model.checkpoint.hub import fetch

_WEIGHTS = Path(__file__).parents[1] / "weights"
_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")  # owner/name, as model hubs write it


def packaged_models() -> list[Path]:
    """The folders of the models that came with the package, by name."""
    return sorted(folder for folder in _WEIGHTS.glob("*") if folder.is_dir())


def find_folder(name_or_path: str | Path, revision: str | None = None) -> Path:
    """The folder of a model: as given, packaged, or fetched from the hub.

    Raises:
        InputError: no such model.
        OutsideError: the hub does not give it.
    """
    path = Path(name_or_path)
    if path.is_dir():
        return path
    packaged = _WEIGHTS / path
    if path.name == str(name_or_path) and packaged.is_dir():
        return packaged
    if _HUB_NAME.fullmatch(str(name_or_path)):
        return fetch(str(name_or_path), revision)
    known = ", ".join(folder.name for folder in packaged_models()) or "none"
    raise InputError(
        "model.unknown",
        f"there is no model {name_or_path}",
        f"give a model's folder, owner/name on the hub, or a packaged one ({known})",
    )
