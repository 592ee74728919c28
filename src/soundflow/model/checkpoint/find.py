"""Where a model lies: in a folder, inside the package, or on the hub. Tests: tests/model/checkpoint/test_find.py."""

from __future__ import annotations

import os
import re
from pathlib import Path
from stat import S_ISDIR

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
        InputError: no such model (`model.unknown`), or a folder that one may not enter (`model.unreadable`).
        OutsideError: the hub does not give it.
    """
    path = Path(name_or_path)
    if _is_folder(path):
        return path
    packaged = _WEIGHTS / path
    if path.name == str(name_or_path) and os.path.isdir(packaged):
        return packaged
    if _HUB_NAME.fullmatch(str(name_or_path)):
        return fetch(str(name_or_path), revision)
    known = ", ".join(folder.name for folder in packaged_models()) or "none"
    raise InputError(
        "model.unknown",
        f"there is no model {name_or_path}",
        f"give a model's folder, owner/name on the hub, or a packaged one ({known})",
    )


def _is_folder(path: Path) -> bool:
    """Whether a folder is there and may be entered; a name that none can have, such as one too long, is none."""
    try:
        mode = path.stat().st_mode
        if S_ISDIR(mode) and not os.access(path, os.X_OK):
            raise PermissionError
    except PermissionError as e:
        hint = "change the permissions of the folder, or copy it"
        raise InputError("model.unreadable", f"no permission to look into {path}", hint) from e
    except (OSError, ValueError):
        return False
    return S_ISDIR(mode)
