"""How VoiceBench publishes its subsets: parquet files with the audio inside, or JSON lines beside audio files.

Tests: tests/bench/public/test_voicebench.py.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from soundflow.atomic import replacing
from soundflow.bench.public.items import Item, find_file, sound_of
from soundflow.bench.rows import Row, read_rows
from soundflow.errors import InputError, OutsideError

_UNPACKED = "soundflow-audio"  # folder beside the parquet files where their audio is unpacked once


def load_subset(folder: Path, patterns: tuple[str, ...], fields: tuple[str, ...]) -> tuple[Item, ...]:
    """The items of one subset; the audio is the instruction.

    An item's id is its file and row, for the published rows have none.

    Args:
        patterns: of the subset's parquet or JSON-lines files; those of the first that fits are taken.
        fields: columns that the scorer needs.

    Raises:
        InputError: no such file, or a row without one of the fields.
        OutsideError: a parquet file and no pyarrow to read it.
    """
    found = find_file(folder, *patterns)
    fitting = next(pattern for pattern in patterns if found in folder.rglob(pattern))
    return tuple(item for path in sorted(folder.rglob(fitting)) for item in _items(path, fields))


def _items(path: Path, fields: tuple[str, ...]) -> Iterator[Item]:
    rows = _parquet_rows(path) if path.suffix == ".parquet" else enumerate(read_rows(path))
    for number, row in rows:
        texts = {name: row.text(name) for name in fields}
        yield Item(f"{path.stem}-{number}", (_sound(path, number, row),), fields=texts)


def _sound(path: Path, number: int, row: Row) -> Path:
    audio = row.values.get("audio")
    if isinstance(audio, dict) and isinstance(audio.get("bytes"), bytes):
        return _unpacked(path.parent / _UNPACKED, audio["bytes"])
    named = audio if isinstance(audio, str) else audio.get("path") if isinstance(audio, dict) else None
    return sound_of(path.parent, named if isinstance(named, str) else f"{path.stem}-{number}.wav")


def _unpacked(folder: Path, sound: bytes) -> Path:
    path = folder / f"{hashlib.sha256(sound).hexdigest()[:16]}.wav"
    if not path.exists():
        try:
            folder.mkdir(exist_ok=True)
            with replacing(path) as temporary:
                temporary.write_bytes(sound)
        except OSError as error:
            hint = "the folder of the parquet files must be writable"
            raise OutsideError("voicebench.unpack", f"cannot write {path}: {error.strerror}", hint) from error
    return path


def _parquet_rows(path: Path) -> Iterator[tuple[int, Row]]:
    if importlib.util.find_spec("pyarrow") is None:
        raise OutsideError("voicebench.no_pyarrow", "pyarrow is not installed", "pip install 'soundflow[data]'")
    import pyarrow
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            number = 0
            for batch in file.iter_batches(batch_size=32):
                for values in batch.to_pylist():
                    yield number, Row(_plain(values), f"{path}, row {number}")
                    number += 1
    except (OSError, pyarrow.ArrowException) as error:
        raise InputError("voicebench.parquet", f"cannot read {path}: {error}", "take the file as published") from error


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
