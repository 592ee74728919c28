"""Results as tables for people. Tests: tests/bench/test_report.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Group
from rich.table import Table

RATES = ("trigger_accuracy", "balanced_accuracy", "recall", "specificity", "named")


def trigger_table(result: Mapping[str, Any]) -> Group:
    """`bench trigger`'s object as two tables: rates with bounds and trivial answers, then each label."""
    head = f"{result['streams']} streams, {result['hours']:.2f} h, split {result['split']}, seed {result['seed']}"
    rates = Table(title=f"{result['model']} at threshold {result['threshold']:g}: {head}", title_justify="left")
    for name in ("figure", "value", "95 %", "always silent", "always respond"):
        rates.add_column(name, justify="left" if name == "figure" else "right")
    for name in RATES:
        trivial = [_share(result["trivial"][who].get(name)) for who in ("always_silent", "always_respond")]
        rates.add_row(name, _share(result[name]["value"]), _bounds(result[name], _share), *trivial)
    for kind, rate in result["stray_per_hour"].items():
        rates.add_row(f"stray an hour, {kind}", _number(rate["value"]), _bounds(rate, _number), "0.0", "9000.0")
    labels = Table()
    for name in ("label", "due", "n", "right", "named"):
        labels.add_column(name, justify="left" if name in ("label", "due") else "right")
    for label, row in result["per_label"].items():
        labels.add_row(label, row["decision"], str(row["n"]), _share(row["rate"]), _share(row["named"]))
    return Group(rates, labels)


def _share(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"


def _bounds(rate: Mapping[str, float | None], show: Any) -> str:
    return "–" if rate["value"] is None else f"{show(rate['low'])} – {show(rate['high'])}"
