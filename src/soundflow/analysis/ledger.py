"""Finished parts of a long job, one a line of a file: a job that was stopped goes on behind them.

Tests: tests/analysis/test_ledger.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from soundflow.bench.rows import append_row, readable_rows
from soundflow.errors import InputError

ABOUT = "about"


class Ledger:
    """What a job has finished, by key; every part is on disk as soon as it is added.

    Args:
        path: JSON lines; made when the first part is added. A line that a killed job left half written is done again.
        about: what the job is; a file of another job is refused.

    Raises:
        InputError: the file belongs to another job (`ledger.other_job`).
    """

    def __init__(self, path: Path, about: Mapping[str, Any]) -> None:
        self.path = path
        self._about = dict(about)
        rows = [row.values for row in readable_rows(path)]
        for row in rows:
            if ABOUT in row and row[ABOUT] != self._about:
                raise InputError("ledger.other_job", f"{path} belongs to another job", "name another place")
        self._parts = {row["key"]: row["part"] for row in rows if "key" in row and "part" in row}
        self._is_headed = any(ABOUT in row for row in rows)

    def __contains__(self, key: str) -> bool:
        return key in self._parts

    def __len__(self) -> int:
        return len(self._parts)

    def __getitem__(self, key: str) -> Any:
        return self._parts[key]

    def add(self, key: str, part: Any) -> None:
        """Keep a finished part.

        Raises:
            OutsideError: the disk refuses.
        """
        if not self._is_headed:
            append_row(self.path, {ABOUT: self._about})
            self._is_headed = True
        append_row(self.path, {"key": key, "part": part})
        self._parts[key] = part
