"""What `bench capabilities` found, as tables for people. Tests: tests/bench/capabilities/test_table.py."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Group
from rich.table import Table

from soundflow.bench.capabilities.items import TASKS

Row = Mapping[str, Any]

_KNOWN = frozenset({"answered", "right", "specificity", "stray_per_hour"})  # figures with a column of their own


def capabilities_table(result: Mapping[str, Any]) -> Group:
    """A row a capability and a row a sub-task; then text beside spoken, real beside synthetic, where there are both."""
    columns = result["columns"]
    parts = [_scores(result), *_others(columns["all"]), *_columns(columns), *_material(columns["all"])]
    parts += _layouts(result.get("layouts", {}))
    return Group(*parts, f"machine: {result['machine']}")


def _scores(result: Mapping[str, Any]) -> Table:
    rows = result["columns"]["all"]
    title = f"{result['model']}: {result['streams']} streams, {result['hours']:.2f} h, {rows['all']['items']} items"
    heads = ("items", "answered", "right", "95 %", "silent", "commonest", "left alone")
    table = _empty(title, "sub-task", *heads, caption="in %; silent, commonest: what trivial answers get right")
    for name, row in _in_order(rows):
        trivial = row["trivial"]
        table.add_row(
            name,
            str(row["items"]),
            _percent(row["answered"]["value"]),
            _percent(row["right"]["value"]),
            _bounds(row["right"]),
            _percent(trivial["always_silent"]["right"]),
            _percent(trivial["commonest"]["right"]),
            _percent(row.get("specificity", {}).get("value")),
        )
    return table


def _columns(columns: Mapping[str, Any]) -> Iterator[Table]:
    """Instructions as text beside spoken ones."""
    if "text" not in columns or "spoken" not in columns:
        return
    table = _empty("", "instruction", "text, items", "right", "95 %", "spoken, items", "right", "95 %")
    for name, _ in _in_order(columns["all"]):
        pair = [_find(columns[column], name) for column in ("text", "spoken")]
        if all(row is not None for row in pair):
            table.add_row(name, *(cell for row in pair for cell in _cells(row or {})))
    yield table


def _material(rows: Mapping[str, Any]) -> Iterator[Table]:
    """Recorded sound beside generated sound."""
    both = [(name, row) for name, row in _in_order(rows) if "real" in row]
    if not both:
        return
    table = _empty("", "material", "real, items", "right", "95 %", "synthetic, items", "right", "95 %")
    for name, row in both:
        table.add_row(name, *_cells(row["real"]), *_cells(row["synthetic"]))
    yield table


def _layouts(rows: Mapping[str, Any]) -> Iterator[Table]:
    """What was right in the stream beside what was right when asked offline."""
    if not rows:
        return
    table = _empty("", "layout", "items", "streaming", "95 %", "offline", "95 %", "difference", "95 %")
    for name, row in {"all": rows["all"], **rows["sub_tasks"]}.items():
        pair = [cell for key in ("streaming", "offline") for cell in (_percent(row[key]["value"]), _bounds(row[key]))]
        change = row["difference"]
        table.add_row(name, str(row["items"]), *pair, f"{100 * change['value']:+.1f}", _bounds(change))
    yield table


def _in_order(rows: Mapping[str, Any]) -> Iterator[tuple[str, Row]]:
    """All, then each capability with its sub-tasks below it."""
    yield "all", rows["all"]
    for capability, row in rows["capabilities"].items():
        yield capability, row
        known = TASKS.get(capability)
        for task, own in rows["sub_tasks"].items():
            if task in known if known else not any(task in tasks for tasks in TASKS.values()):
                yield f"  {task}", own


def _find(rows: Mapping[str, Any], name: str) -> Row | None:
    plain = name.strip()
    found: Row | None = rows["all"] if plain == "all" else rows["capabilities"].get(plain, rows["sub_tasks"].get(plain))
    return found


def _others(rows: Mapping[str, Any]) -> Iterator[Table]:
    """What a sub-task counts beside: word errors, BLEU, keywords, calls and their slots."""
    found = [
        (task, name, value, row["trivial"]["commonest"].get(name))
        for task, row in rows["sub_tasks"].items()
        for name, value in row.items()
        if name == "bleu" or (isinstance(value, Mapping) and "low" in value and name not in _KNOWN)
    ]
    if not found:
        return
    table = _empty("", "sub-task", "counts beside", "value", "95 %", "items", "commonest")
    for task, name, value, trivial in found:
        if name == "bleu":
            table.add_row(task, name, f"{value:.1f}")
        else:
            amount = str(value.get("items", ""))
            table.add_row(
                task, name.replace("_", " "), _percent(value["value"]), _bounds(value), amount, _percent(trivial)
            )
    yield table


def _cells(row: Row) -> tuple[str, str, str]:
    return str(row["items"]), _percent(row["right"]["value"]), _bounds(row["right"])


def _empty(title: str, first: str, *others: str, caption: str | None = None) -> Table:
    table = Table(title=title or None, title_justify="left", caption=caption, caption_justify="left")
    table.add_column(first, no_wrap=True)
    for name in others:
        table.add_column(name, justify="right", no_wrap=name == "95 %")
    return table


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f}"


def _bounds(rate: Mapping[str, Any]) -> str:
    return "–" if rate["value"] is None else f"{_percent(rate['low'])} – {_percent(rate['high'])}"
