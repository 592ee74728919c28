"""Fixtures every test may use. Knows nothing of any module under test."""

from __future__ import annotations

import lzma
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import settings

# Two busy cores make any deadline a lie; CI draws the same examples every time.
settings.register_profile("soundflow", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("soundflow")

REPOSITORY = Path(__file__).resolve().parents[1]


def find_shared() -> Path | None:
    """The folder of recordings and goldens that stands beside the repository, or where SOUNDFLOW_SHARED points."""
    candidates = [REPOSITORY.parent / "shared"]
    if named := os.environ.get("SOUNDFLOW_SHARED"):
        candidates.insert(0, Path(named))
    return next((folder for folder in candidates if folder.is_dir()), None)


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout the tests came from."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The shared folder; a test that needs it is skipped where it does not exist."""
    shared = find_shared()
    if shared is None:
        pytest.skip("no shared folder beside the repository; set SOUNDFLOW_SHARED to use another")
    return shared


@pytest.fixture(scope="session")
def release_kit(shared_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compatibility kit's checkpoint in the released layout, unpacked once."""
    kit = shared_dir / "compat" / "checkpoint"
    if not kit.is_dir():
        pytest.skip("no compatibility kit in the shared folder")
    folder = tmp_path_factory.mktemp("release_kit")
    for path in (p for p in kit.rglob("*") if p.is_file()):
        target = folder / path.relative_to(kit)
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".xz":
            target.with_suffix("").write_bytes(lzma.decompress(path.read_bytes()))
        else:
            shutil.copy(path, target)
    return folder
