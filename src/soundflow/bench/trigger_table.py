"""What `bench trigger` and `bench mini` found, as tables for people. Tests: tests/bench/test_trigger_table.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Group
from rich.table import Table

from soundflow.bench.trigger import RATES

_HEADINGS = ("balanced", "accuracy", "recall", "specificity", "named")
_FIGURES = ("balanced_accuracy", "trigger_accuracy", "recall", "specificity", "named")
_LABELS_SHOWN = 3  # of what stray replies came over


def trigger_table(result: Mapping[str, Any], with_labels: bool = True) -> Group:
    """One row a system, the model first with its bounds, and then each label."""
    labels = [_labels(result["per_label"])] if with_labels else []
    return Group(_systems(result), _stray(result), *labels, *_notes(result))


def _systems(result: Mapping[str, Any]) -> Table:
    amount = f"{result['streams']} streams, {result['hours']:.2f} h, {result['events']} events"
    origin = f"split {result['split']}, seed {result['seed']}"
    threshold = "" if result["threshold"] is None else f" at threshold {result['threshold']:g}"
    table = _empty(f"{result['model']}{threshold}: {amount}, {origin}", "system", *_HEADINGS, caption="in %")
    table.add_row(result["model"], *(_bare(result[name]["value"]) for name in _FIGURES))
    table.add_row("  95 %", *(_bare_bounds(result[name]) for name in _FIGURES))
    for name, row in result["trivial"].items():
        table.add_row(name.replace("_", " "), *(_bare(row[figure]["value"]) for figure in _FIGURES))
    return table


def _stray(result: Mapping[str, Any]) -> Table:
    """Replies an hour where nothing calls for a word; trivial systems that listen have them by kind too."""
    others = {name: row["stray_per_hour_by_kind"] for name, row in result["trivial"].items() if _has_kinds(row)}
    table = _empty("", "stray an hour", result["model"], "95 %", *(name.replace("_", " ") for name in others))
    for kind, row in result["stray_per_hour"].items():
        beside = [_number(kinds.get(kind, {}).get("value")) for kinds in others.values()]
        table.add_row(kind, _number(row["value"]), _number_bounds(row), *beside)
    return table


def _labels(rows: Mapping[str, Mapping[str, Any]]) -> Table:
    table = _empty("", "label", "due", "n", "right", "95 %", "named")
    for label, row in rows.items():
        rate = row["rate"]
        cells = (row["decision"], str(row["n"]), _bare(rate["value"]), _bare_bounds(rate), _bare(row["named"]["value"]))
        table.add_row(label, *cells)
    return table


def _notes(result: Mapping[str, Any]) -> list[str]:
    """What the tables leave out: rows without a figure, and clips that could not be used."""
    notes = [f"{kind}: {row['reason']}" for kind, row in result["stray_per_hour"].items() if "reason" in row]
    notes += [
        f"stray {kind}, over: {_three(row['over'])}"
        for kind, row in result["stray_per_hour"].items()
        if row.get("over")
    ]
    unusable = result["unusable"]
    if unusable["clips"]:
        notes.append(f"{unusable['clips']} clips could not be used:")
        notes += [f"  {clip}: {reason}" for clip, reason in unusable["reasons"].items()]
    notes += [result["note"]] if "note" in result else []
    return [*notes, f"machine: {result['machine']}"]


def _three(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{label.replace('_', ' ')} {count}" for label, count in list(counts.items())[:_LABELS_SHOWN])


def _empty(title: str, first: str, *others: str, caption: str | None = None) -> Table:
    table = Table(title=title or None, title_justify="left", caption=caption, caption_justify="left")
    table.add_column(first, no_wrap=True)
    for name in others:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _has_kinds(row: Mapping[str, Any]) -> bool:
    return bool(row.get("stray_per_hour_by_kind"))


def _bare(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f}"


def _bare_bounds(rate: Mapping[str, Any]) -> str:
    return "–" if rate["value"] is None else f"{_bare(rate['low'])} – {_bare(rate['high'])}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"


def _number_bounds(rate: Mapping[str, Any]) -> str:
    return "–" if rate["value"] is None else f"{_number(rate['low'])} – {_number(rate['high'])}"


assert set(_FIGURES) == set(RATES), "every rate has its column"
