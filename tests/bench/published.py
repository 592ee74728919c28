"""Where the published benchmarks' golden scores lie; a test that needs them is skipped without the shared folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import find_shared


def benchmarks() -> Path:
    """The folder of benchmark data, or a skip."""
    shared = find_shared()
    if shared is None or not (shared / "benchmarks").is_dir():
        pytest.skip("no shared folder with benchmarks beside the repository; set SOUNDFLOW_SHARED to use another")
    return shared / "benchmarks"


def golden_rows(name: str) -> list[dict[str, Any]]:
    """The rows of one golden file, or a skip."""
    lines = (benchmarks() / "goldens" / name).read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in lines if line]


def golden_object(name: str) -> Any:
    """One golden file of scores, or a skip."""
    return json.loads((benchmarks() / "goldens" / name).read_text(encoding="utf-8"))
