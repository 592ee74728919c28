"""Alerts as lines of a file. Tests: tests/serve/sinks/test_record.py."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from soundflow.serve.sinks.alert import Alert
from soundflow.serve.sinks.sink import UndeliveredError


class Record:
    """Appends each alert as one line of JSON; the file may be moved away or emptied at any time.

    Args:
        path: of the file; it and its folder are made.
    """

    kind = "file"

    def __init__(self, path: Path) -> None:
        self.key = f"file:{hashlib.sha256(str(path.absolute()).encode()).hexdigest()[:16]}"
        self._path = path

    def deliver(self, alert: Alert) -> None:
        """Write the line down to the disk.

        Raises:
            UndeliveredError: the file cannot be written.
        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with open(self._path, "ab+", opener=_privately) as lines:
                lines.write(_line_break_before(lines.tell(), self._path) + alert.to_json().encode() + b"\n")
                lines.flush()
                os.fsync(lines.fileno())
        except OSError as e:
            raise UndeliveredError(self.kind, f"cannot write {self._path}: {e.strerror or e}") from e

    def close(self) -> None:
        """Nothing is held."""


def _privately(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)  # it holds what was said in somebody's home


def _line_break_before(end: int, path: Path) -> bytes:
    """A program that was killed, or a full disk, may have left half a line: it must not spoil this one."""
    if end == 0:
        return b""
    with path.open("rb") as lines:
        lines.seek(-1, os.SEEK_END)
        return b"" if lines.read(1) == b"\n" else b"\n"
