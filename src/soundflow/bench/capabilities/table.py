"""What `bench capabilities` found, as tables: for a terminal, and for a report.

Tests: tests/bench/capabilities/test_table.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Group
from rich.table import Table as RichTable

from soundflow.bench.capabilities.items import TASKS
from soundflow.bench.report.document import Table, bare, percent

Row = Mapping[str, Any]

_KNOWN = frozenset({"answered", "right", "specificity", "stray_per_hour"})  # figures with a column of their own
_BELOW = "· "  # before a sub-task's name, below its capability


def capabilities_table(result: Mapping[str, Any]) -> Group:
    """Every table for people."""
    amount = f"{result['streams']} streams, {result['hours']:.2f} h, {result['columns']['all']['all']['items']} items"
    head = f"{result['model']}: {amount}; in %, with 95 % bounds by recording"
    left_out = result.get("unsound") or ()
    notes = [f"{len(left_out)} items left out: the sound their reference speaks of is not there"] if left_out else []
    return Group(head, *map(_rich, capabilities_tables(result)), *notes, f"machine: {result['machine']}")


def capabilities_tables(result: Mapping[str, Any]) -> list[Table]:
    """A row a capability and a row a sub-task, and what they count beside.

    Then instructions as text beside spoken ones, recorded beside generated sound, streaming beside offline, the same
    streams asked in words and aloud, and answers that were learned beside new ones, each where there are both.
    """
    columns = result["columns"]
    found = [_scores(columns["all"]), _beside(columns["all"]), _columns(columns), _material(columns["all"])]
    found += [_layouts(result.get("layouts") or {}), _ways(result.get("ways") or {})]
    found += [_answers(result.get("answers") or {})]
    return [table for table in found if table.rows]


def _scores(rows: Mapping[str, Any]) -> Table:
    cells = [
        (
            name,
            str(row["items"]),
            bare(row["answered"]["value"]),
            percent(row["right"]),
            bare(row["trivial"]["always_silent"]["right"]),
            bare(row["trivial"]["commonest"]["right"]),
            bare(row.get("specificity", {}).get("value")),
        )
        for name, row in _in_order(rows)
    ]
    heads = ("sub-task", "items", "answered", "right", "silent", "commonest", "left alone")
    caption = "said in time, and right as well; silent, commonest: what trivial answers get right"
    return Table(caption, heads, tuple(cells))


def _beside(rows: Mapping[str, Any]) -> Table:
    """Word errors, BLEU, keywords, calls and their slots; recorded and generated apart, where there are both."""
    cells: list[tuple[str, ...]] = []
    for task, row in _in_order(rows):
        for name in _figures(rows, task, row):
            if name == "bleu":
                cells.append((task, name, "", f"{row[name]:.1f}", "", "", ""))
                continue
            value, trivial = row[name], bare(row["trivial"]["commonest"].get(name))
            parts = [bare(row.get(part, {}).get(name, {}).get("value")) for part in ("real", "synthetic")]
            cells.append((task, _plain(name), str(value.get("items", "")), percent(value), trivial, *parts))
    heads = ("sub-task", "figure", "items", "value", "commonest", "recorded", "generated")
    return Table("counted beside", heads, tuple(cells))


def _figures(rows: Mapping[str, Any], task: str, row: Row) -> list[str]:
    """The figures of a row that have no column of their own; of a capability those that several sub-tasks share."""
    own = [name for name, v in row.items() if name == "bleu" or (isinstance(v, Mapping) and "low" in v)]
    own = [name for name in own if name not in _KNOWN]
    if task.startswith(_BELOW):
        return own
    parts = [rows["sub_tasks"][name] for name in TASKS.get(task.replace(" ", "_"), ()) if name in rows["sub_tasks"]]
    return [name for name in own if sum(name in part for part in parts) > 1]


def _columns(columns: Mapping[str, Any]) -> Table:
    """Instructions as text beside spoken ones, for what was asked in both ways."""
    cells = []
    for name, _ in _in_order(columns["all"]) if {"text", "spoken"} <= columns.keys() else ():
        text, spoken = (_find(columns[column], name) for column in ("text", "spoken"))
        if text is not None and spoken is not None:
            cells.append((name, *_right(text), *_right(spoken)))
    heads = ("sub-task", "text, items", "right", "spoken, items", "right")
    return Table("instructions as text and spoken in the stream", heads, tuple(cells))


def _material(rows: Mapping[str, Any]) -> Table:
    cells = [(name, *_right(row["real"]), *_right(row["synthetic"])) for name, row in _in_order(rows) if "real" in row]
    heads = ("sub-task", "recorded, items", "right", "generated, items", "right")
    return Table("what sounded was recorded or generated", heads, tuple(cells))


def _layouts(rows: Mapping[str, Any]) -> Table:
    """What was right in the stream beside what was right when asked offline."""
    return _side_by_side("the same items in a stream and asked as whole recordings", rows, "streaming", "offline")


def _ways(rows: Mapping[str, Any]) -> Table:
    """What was right where a stream was asked in words beside where the same one was asked aloud."""
    return _side_by_side("the same streams asked in words and aloud", rows, "text", "spoken")


def _answers(rows: Mapping[str, Any]) -> Table:
    """What was right where the model had learned the answer, beside answers that no stream of its training held."""
    cells = [(name, *_right(row["learned"]), *_right(row["new"])) for name, row in _in_order(rows)] if rows else []
    heads = ("sub-task", "learned, items", "right", "new, items", "right")
    return Table("answers that were learned, and new ones", heads, tuple(cells))


def _side_by_side(caption: str, rows: Mapping[str, Any], first: str, second: str) -> Table:
    cells = [
        (name, str(row["items"]), *(percent(row[key]) for key in (first, second, "difference")))
        for name, row in ({"all": rows["all"], **rows["sub_tasks"]} if rows else {}).items()
    ]
    return Table(caption, ("sub-task", "items", first, second, f"{second} – {first}"), tuple(cells))


def _in_order(rows: Mapping[str, Any]) -> Iterator[tuple[str, Row]]:
    """All, then each capability with its sub-tasks below it."""
    yield "all", rows["all"]
    for capability, row in rows["capabilities"].items():
        yield _plain(capability), row
        known = TASKS.get(capability)
        for task, own in rows["sub_tasks"].items():
            if task in known if known else not any(task in tasks for tasks in TASKS.values()):
                yield _BELOW + task, own


def _find(rows: Mapping[str, Any], name: str) -> Row | None:
    return next((row for other, row in _in_order(rows) if other == name), None)


def _right(row: Row) -> tuple[str, str]:
    return str(row["items"]), percent(row["right"])


def _rich(table: Table) -> RichTable:
    shown = RichTable(title=table.caption, title_justify="left")
    shown.add_column(table.columns[0], no_wrap=True)
    for name in table.columns[1:]:
        shown.add_column(name, justify="left" if name == "figure" else "right", no_wrap=True)
    for row in table.rows:
        shown.add_row(*row)
    return shown


def _plain(name: str) -> str:
    return name.replace("_", " ")
