"""What lies behind the paths of a recipe, as digests: so that a run notices when it is another thing.

Tests: tests/train/test_contents.py.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from soundflow.data.build.run import CLAIM_NAME, INDEX_NAME
from soundflow.data.clips import LABELS_NAME, clips_sha256, is_index
from soundflow.errors import InputError
from soundflow.model.checkpoint.write import folder_digest

Contents = dict[str, str]  # the path as the recipe has it, and a sha256 of what lies there


def model_contents(name: str, folder: Path) -> Contents:
    """A model to start from.

    Args:
        name: as the recipe has it; `folder` is where it was found.
    """
    return {"model": name, "sha256": folder_digest(folder)}


def data_contents(folders: Sequence[Path]) -> list[Contents]:
    """Corpora of `data build`, and folders or stores of clips with what is said of their labels.

    Raises:
        InputError: one cannot be read.
        OutsideError: object storage does not answer.
    """
    return [{"folder": str(folder), "sha256": _sha256(folder)} for folder in folders]


def _sha256(folder: Path) -> str:
    if is_index(folder):
        return clips_sha256(folder)
    if (folder / CLAIM_NAME).is_file():
        return _of_files(folder, CLAIM_NAME, INDEX_NAME)
    labels = [LABELS_NAME] if (folder / LABELS_NAME).is_file() else []
    return hashlib.sha256(f"{clips_sha256(folder)} {_of_files(folder, *labels)}".encode()).hexdigest()


def _of_files(folder: Path, *names: str) -> str:
    digest = hashlib.sha256()
    for name in names:
        try:
            data = (folder / name).read_bytes()
        except OSError as error:
            found = f"{folder / name} cannot be read: {error.strerror}"
            raise InputError("contents.unreadable", found, "is the corpus finished? Build it again") from error
        digest.update(f"{len(data)} ".encode() + data)
    return digest.hexdigest()
