"""The paper's own figures, as printed, from paper.json beside this file. Tests: tests/bench/report/test_paper.py."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from soundflow.bench.report.document import Table

Name = Literal["mmau", "dialogue", "asr_s2tt", "proactive", "fifo", "data", "chunk", "lambda"]


@cache
def _paper() -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(files(__package__).joinpath("paper.json").read_text(encoding="utf-8"))
    return found


def source() -> str:
    """Which paper."""
    return str(_paper()["source"])


def paper_table(name: Name, ours: Sequence[Mapping[str, str]] = ()) -> Table:
    """A table of the paper with rows of ours above its own.

    Args:
        ours: cells by the table's column names; a column that a row lacks stays empty.
    """
    table = _paper()["tables"][name]
    columns: list[str] = table["columns"]
    own = [tuple(row.get(column, "") for column in columns) for row in ours]
    theirs = [tuple("–" if cell is None else str(cell) for cell in row) for row in table["rows"]]
    heads = tuple(column.replace("_", " ") for column in columns)
    caption = f"{table['where']} of the paper: {table['caption']}" + ("; marked rows are ours" if ours else "")
    return Table(caption, heads, (*own, *theirs), frozenset(range(len(own))), tuple(_paper()["notes"].get(name, ())))


def claim(name: str) -> str:
    """A figure that stands only in the paper's text, as one sentence."""
    row = _paper()["claims"][name]
    return f"The paper: {row['value']} {row['says']} ({row['where']})."
