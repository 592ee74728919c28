"""JSON lines as benchmarks are published and answered in: read strictly, or with what is broken set aside.

Tests: tests/bench/test_rows.py.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from soundflow import atomic
from soundflow.errors import InputError, OutsideError

# How runners spell the field with the model's words, first the one that `soundflow` writes.
OUTPUT_FIELDS = ("output", "model_output", "model_prediction", "_raw_reply", "reply")


@dataclass(frozen=True)
class Row:
    """One object of a file, with the place it came from."""

    values: Mapping[str, Any]
    where: str

    def text(self, name: str) -> str:
        """A field that must hold text.

        Raises:
            InputError: it is missing or holds something else.
        """
        value = self.values.get(name)
        if not isinstance(value, str):
            found = "is missing" if name not in self.values else f"holds {json.dumps(value)[:40]}, not text"
            raise InputError("bench.field", f"{self.where}: field {name!r} {found}", f"fields there: {self._fields()}")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """A field that must hold a list of texts.

        Raises:
            InputError: it is missing or holds something else.
        """
        value = self.values.get(name)
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            found = "is missing" if name not in self.values else "is not a list of texts"
            raise InputError("bench.field", f"{self.where}: field {name!r} {found}", f"fields there: {self._fields()}")
        return tuple(value)

    def answer(self, name: str) -> str:
        """A field with a model's words; missing or null is an empty answer, which is wrong everywhere."""
        value = self.values.get(name)
        return "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

    def _fields(self) -> str:
        return ", ".join(self.values) or "none"


@dataclass(frozen=True)
class Answers:
    """A predictions file: the last output of each id, and what else was found in it."""

    outputs: Mapping[str, str]
    duplicates: tuple[str, ...] = ()
    without_id: int = 0
    broken: tuple[str, ...] = ()  # lines that are no JSON object, each with its place


def read_rows(path: Path) -> list[Row]:
    """Every object of a JSON-lines file.

    Raises:
        InputError: no such file, a line that is no JSON object, or no row at all.
    """
    rows = []
    for number, line in _lines(path):
        values = _object(line)
        if values is None:
            hint = "every line holds one object"
            raise InputError("bench.row", f"{path}, line {number} is no JSON object", hint)
        rows.append(Row(values, f"{path}, line {number}"))
    if not rows:
        raise InputError("bench.empty", f"{path} holds no rows", "it should be JSON lines")
    return rows


def readable_rows(path: Path) -> list[Row]:
    """Every object of a JSON-lines file that can be read, such as one whose writer was killed; none without a file."""
    if not path.exists():
        return []
    found = ((number, _object(line)) for number, line in _lines(path))
    return [Row(values, f"{path}, line {number}") for number, values in found if values is not None]


def read_answers(path: Path) -> Answers:
    """A predictions file, ours or in another public spelling; a broken line costs only itself.

    The output is the first field of `OUTPUT_FIELDS` that holds any text; of two rows with one id the last counts.

    Raises:
        InputError: no such file.
    """
    outputs: dict[str, str] = {}
    duplicates: list[str] = []
    broken: list[str] = []
    without_id = 0
    for number, line in _lines(path):
        values = _object(line)
        if values is None:
            broken.append(f"line {number}")
            continue
        name = values.get("id")
        if name is None:
            without_id += 1
            continue
        if str(name) in outputs:
            duplicates.append(str(name))
        outputs[str(name)] = _output(values)
    return Answers(outputs, tuple(duplicates), without_id, tuple(broken))


def as_line(values: Mapping[str, Any], allow_nan: bool = True) -> str:
    """An object as one line of JSON that any file and terminal can hold.

    Half a surrogate pair, which models write and UTF-8 does not know, stays JSON's own escape, and so itself when read.

    Raises:
        ValueError: a number that is none where that is not allowed; JSON has no word for it.
    """
    line = json.dumps(dict(values), ensure_ascii=False, allow_nan=allow_nan)
    return line.encode("utf-8", errors="backslashreplace").decode("utf-8")


def append_row(path: Path, row: Mapping[str, Any]) -> None:
    """Add one object to a file of results at once, so that a killed run loses no finished item.

    A last line that a killed run left without its end is closed first; it then reads as broken and is done again.

    Raises:
        OutsideError: the disk refuses.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab+") as file:
            if file.tell() and not _ends_line(path):
                file.write(b"\n")
            file.write(as_line(row).encode() + b"\n")
    except OSError as error:
        raise _refused(path, error) from error


def write_text(path: Path, text: str) -> None:
    """A whole file under a temporary name, then renamed.

    Raises:
        OutsideError: the disk refuses.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic.write_text(path, text)
    except OSError as error:
        raise _refused(path, error) from error


def check_place(path: Path) -> None:
    """Try whether a file can be written, before the work whose result it is to hold; nothing is made or changed.

    Raises:
        OutsideError: the folder, or the nearest one above that is there, takes no file, or `path` is a folder.
    """
    try:
        atomic.try_place(path)
    except OSError as error:
        raise _refused(path, error) from error


def write_rows(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """A whole JSON-lines file, written and then renamed."""
    write_text(path, "".join(as_line(row) + "\n" for row in rows))


def _refused(path: Path, error: OSError) -> OutsideError:
    hint = "free the disk or name another place"
    return OutsideError("bench.write", f"cannot write {path}: {error.strerror}", hint)


def _lines(path: Path) -> Iterable[tuple[int, str]]:
    try:
        lines = path.read_bytes().decode("utf-8-sig", errors="replace").split("\n")
    except OSError as error:
        raise InputError("bench.file", f"cannot read {path}: {error.strerror}", "name a JSON-lines file") from error
    return ((number, line) for number, line in enumerate(lines, 1) if line.strip())


def _object(line: str) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _output(values: Mapping[str, Any]) -> str:
    said = (values.get(name) for name in OUTPUT_FIELDS)
    return next((text for text in said if isinstance(text, str) and text), "")


def _ends_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
