"""Who gave the answers of a predictions file, and under which circumstances: a stopped run goes on only with its own.

A row of ours says it in fields beside the answer. Knows nothing of any benchmark. Tests:
tests/bench/test_provenance.py.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from soundflow.bench.rows import Row, readable_rows
from soundflow.bench.systems import System
from soundflow.errors import InputError

Provenance = Mapping[str, str | int | float | None]

_NAME = "model"  # told, and not compared: the same weights may lie under two names, and two models under one
_HINT = "name another file; without a model to be heard, a file is scored as it is"


def provenance(system: System, **further: str | int | float | None) -> dict[str, str | int | float | None]:
    """What decides a system's answers: its weights and threshold, and what else the run has chosen."""
    return {_NAME: system.name, "weights": system.weights, "threshold": system.threshold, **further}


def answered(path: Path, about: Provenance) -> set[str]:
    """The ids that a file answers; none without a file. A line that cannot be read answers nothing.

    Raises:
        InputError: an answer was given under other circumstances than `about`, or does not say under which.
    """
    rows = [row for row in readable_rows(path) if row.values.get("id") is not None]
    for row in rows:
        _check(row, about)
    return {str(row.values["id"]) for row in rows}


def file_of(folder: Path, about: Provenance) -> Path:
    """Where answers given under these circumstances lie in a folder of many: a file for each."""
    compared = {name: value for name, value in about.items() if name != _NAME}
    name = "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in str(about.get(_NAME)))
    return folder / f"{name}-{_digest(json.dumps(compared, sort_keys=True))}.jsonl"


def digest_of_streams(streams: Sequence[Sequence[str]]) -> str:
    """Which ids stand in one stream, in which order: a short name for the whole division."""
    return _digest(json.dumps([list(stream) for stream in streams]))


def _check(row: Row, about: Provenance) -> None:
    compared = [name for name in about if name != _NAME]
    unsaid = [name for name in compared if name not in row.values]
    other = [name for name in compared if name in row.values and row.values[name] != about[name]]
    if other:
        found = ", ".join(f"{name} {row.values[name]!r} (this run: {about[name]!r})" for name in other)
        raise InputError("bench.others", f"{row.where} is an answer of {row.answer(_NAME)} with {found}", _HINT)
    if unsaid:
        message = f"{row.where}: the answer does not say its {', '.join(unsaid)}; whose is it?"
        raise InputError("bench.others", message, _HINT)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
