"""Results as tables for people. Tests: tests/bench/test_report.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rich.console import Group
from rich.table import Table

from soundflow.bench.trigger import RATES

TRIVIAL = ("always_silent", "always_respond")


def trigger_table(result: Mapping[str, Any]) -> Group:
    """`bench trigger`'s object as two tables: rates with bounds and trivial answers, then each label."""
    return Group(_rates(result), _labels(result["per_label"]), *_notes(result))


def _rates(result: Mapping[str, Any]) -> Table:
    amount = f"{result['streams']} streams, {result['hours']:.2f} h, {result['events']} events"
    origin = f"split {result['split']}, seed {result['seed']}"
    title = f"{result['model']} at threshold {result['threshold']:g}: {amount}, {origin}"
    table = Table(title=title, title_justify="left")
    for name in ("figure", "value", "95 %", "always silent", "always respond"):
        table.add_column(name, justify="left" if name == "figure" else "right", no_wrap=True)
    trivial = [result["trivial"][who] for who in TRIVIAL]
    for name in RATES:
        row = result[name]
        table.add_row(
            name, _percent(row["value"]), _bounds(row, _percent), *(_percent(t[name]["value"]) for t in trivial)
        )
    for kind, row in result["stray_per_hour"].items():
        plain = [_number(t["stray_per_hour"]) for t in trivial]
        table.add_row(f"stray an hour, {kind}", _number(row["value"]), _bounds(row, _number), *plain)
    return table


def _labels(rows: Mapping[str, Mapping[str, Any]]) -> Table:
    table = Table()
    for name in ("label", "due", "n", "right", "95 %", "named"):
        table.add_column(name, justify="left" if name in ("label", "due") else "right", no_wrap=True)
    for label, row in rows.items():
        rate, named = row["rate"], row["named"]["value"]
        table.add_row(
            label, row["decision"], str(row["n"]), _percent(rate["value"]), _bounds(rate, _percent), _percent(named)
        )
    return table


def _notes(result: Mapping[str, Any]) -> list[str]:
    """What the tables leave out: rows without a figure, and clips that could not be used."""
    notes = [f"{kind}: {row['reason']}" for kind, row in result["stray_per_hour"].items() if "reason" in row]
    unusable = result["unusable"]
    if unusable["clips"]:
        notes.append(f"{unusable['clips']} clips could not be used:")
        notes += [f"  {clip}: {reason}" for clip, reason in unusable["reasons"].items()]
    return [*notes, f"machine: {result['machine']}"]


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"


def _bounds(rate: Mapping[str, Any], show: Callable[[float | None], str]) -> str:
    return "–" if rate["value"] is None else f"{show(rate['low'])} – {show(rate['high'])}"
