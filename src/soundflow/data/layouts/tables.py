"""Tables as corpora publish them: tab- and comma-separated files by row, and an array inside a large JSON file.

Nothing is held but the row at hand. Tests: tests/data/layouts/test_tables.py.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from soundflow.errors import InputError

_BLOCK = 1 << 16  # characters read at once
_HINT = "is the download whole? compare it with the corpus's own page"

csv.field_size_limit(1 << 24)  # a transcript may be long; a broken quote must not swallow the file


def tab_rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows of a tab-separated file with a header, by line number; quotes are ordinary characters in it.

    Raises:
        InputError: the file cannot be read (`layout.table`).
    """
    yield from _rows(path, delimiter="\t", quoting=csv.QUOTE_NONE)


def comma_rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows of a comma-separated file with a header, by line number.

    Raises:
        InputError: as `tab_rows`.
    """
    yield from _rows(path, delimiter=",", quoting=csv.QUOTE_MINIMAL)


def text_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Lines by number, from 1, without those that are empty.

    Raises:
        InputError: as `tab_rows`.
    """
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield number, line.rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, error) from error


def json_array(path: Path, key: str) -> Iterator[tuple[int, Any]]:
    """The items of the array under a key, one after the other, however large the file is; counted from 1.

    Raises:
        InputError: there is no such array, or it breaks off (`layout.table`).
    """
    try:
        with path.open(encoding="utf-8") as file:
            yield from _objects(path, key, iter(lambda: file.read(_BLOCK), ""))
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, error) from error


def _rows(path: Path, delimiter: str, quoting: Any) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, delimiter=delimiter, quoting=quoting, restkey="", restval="")
            for row in reader:
                yield reader.line_num, row
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise _unreadable(path, error) from error


def _objects(path: Path, key: str, blocks: Iterator[str]) -> Iterator[tuple[int, Any]]:
    decoder, text, wanted = json.JSONDecoder(), "", f'"{key}"'
    while wanted not in text or "[" not in text.partition(wanted)[2]:
        block = next(blocks, "")
        if not block:
            raise InputError("layout.table", f"{path} has no array {key!r}", _HINT)
        text += block
    text = text.partition(wanted)[2].partition("[")[2]
    number = 0
    while True:
        text = text.lstrip(" \t\r\n,")
        if text.startswith("]"):
            return
        try:
            found, end = decoder.raw_decode(text)
        except ValueError as error:
            block = next(blocks, "")
            if not block:
                raise InputError("layout.table", f"{path} breaks off in {key!r}, item {number + 1}", _HINT) from error
            text += block
            continue
        number += 1
        yield number, found
        text = text[end:]


def _unreadable(path: Path, error: Exception) -> InputError:
    return InputError("layout.table", f"no readable table at {path}: {error}", _HINT)
