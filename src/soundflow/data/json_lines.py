"""Lines of a JSON-lines file. Tests: tests/data/test_json_lines.py."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def lines_of(path: Path) -> list[str]:
    """The lines of a UTF-8 file, without their ends.

    Only a line feed ends a line, with or without a carriage return: a text inside may hold other signs (U+2028,
    U+0085) that `str.splitlines` would cut at.

    Raises:
        OSError, UnicodeDecodeError: the file cannot be read.
    """
    lines = path.read_text(encoding="utf-8").split("\n")
    return lines[:-1] if lines[-1] == "" else lines


def whole_objects(path: Path) -> list[dict[str, Any]]:
    """The lines that are JSON objects; others, such as half a line of a run that was killed, are passed over.

    Raises:
        OSError, UnicodeDecodeError: the file cannot be read.
    """
    found = []
    for line in lines_of(path):
        try:
            value = json.loads(line)
        except ValueError:
            continue
        if isinstance(value, dict):
            found.append(value)
    return found
