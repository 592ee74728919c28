"""The index of a corpus as a Parquet file. Tests: tests/data/build/test_run.py."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from soundflow.atomic import replacing
from soundflow.errors import InputError, OutsideError


def need_parquet() -> None:
    """See that Parquet can be written before hours are spent.

    Raises:
        OutsideError: pyarrow is not installed.
    """
    if importlib.util.find_spec("pyarrow") is None:
        raise OutsideError("table.no_pyarrow", "pyarrow is not installed", "pip install 'soundflow[data]'")


def write_table(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows under a temporary name, then rename.

    Raises:
        OutsideError: pyarrow is missing, or the disk refuses.
    """
    need_parquet()
    import pyarrow
    import pyarrow.parquet

    try:
        with replacing(path) as temporary:
            pyarrow.parquet.write_table(pyarrow.Table.from_pylist(list(rows), schema=_schema(rows)), temporary)
    except OSError as error:
        raise OutsideError("table.write", f"cannot write {path}: {error}", "check the space left") from error


def read_table(path: Path) -> list[dict[str, Any]]:
    """The rows of an index.

    Raises:
        InputError: not there, or no Parquet file.
        OutsideError: pyarrow is missing.
    """
    need_parquet()
    import pyarrow
    import pyarrow.parquet

    try:
        rows: list[dict[str, Any]] = pyarrow.parquet.read_table(path).to_pylist()
    except (OSError, pyarrow.ArrowException) as error:
        raise InputError(
            "table.unreadable", f"no readable index at {path}: {error}", "build the corpus first"
        ) from error
    return rows


def _schema(rows: Sequence[Mapping[str, Any]]) -> Any:
    """Types by what the first row that has a value holds: an empty list is still a list of words."""
    import pyarrow

    kinds = {str: pyarrow.string(), bool: pyarrow.bool_(), int: pyarrow.int64(), float: pyarrow.float64()}
    fields = []
    for name in rows[0] if rows else ():
        value = next((row[name] for row in rows if row[name] is not None), None)
        kind = pyarrow.list_(pyarrow.string()) if isinstance(value, list) else kinds.get(type(value), pyarrow.bool_())
        fields.append(pyarrow.field(name, kind))
    return pyarrow.schema(fields)
