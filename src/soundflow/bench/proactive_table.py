"""`bench proactive`'s object as tables for people. Tests: tests/bench/test_proactive_table.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Group
from rich.table import Table

FIGURES = ("decision_accuracy", "matched_accuracy", "balanced_accuracy", "recall", "specificity")
_NAMED = 8  # ids shown of each fault


def proactive_table(result: Mapping[str, Any]) -> Group:
    """The figures beside the trivial answers, each category, and what was counted as wrong."""
    return Group(_figures(result), _categories(result), *_notes(result))


def _figures(result: Mapping[str, Any]) -> Table:
    table = Table(title=f"{result.get('set', 'Proactive-Sound-Bench')}, {result['tier']}: {result['items']} items")
    table.title_justify, table.caption, table.caption_justify = "left", "in %", "left"
    table.add_column("system", no_wrap=True)
    for name in ("decision", "matched", "balanced", "recall", "specificity"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_row(result.get("model", "the file"), *(_bare(result[name]["value"]) for name in FIGURES))
    table.add_row("  95 %", *(f"{_bare(result[name]['low'])} – {_bare(result[name]['high'])}" for name in FIGURES))
    for who, row in result["trivial"].items():
        table.add_row(who.replace("_", " "), *(_bare(row[name]["value"]) for name in FIGURES))
    return table


def _categories(result: Mapping[str, Any]) -> Table:
    table = Table(caption="% of decisions, of matched replies, balanced, recall, specificity", caption_justify="left")
    for name in ("category", "n", "right", "match", "bal.", "recall", "spec."):
        table.add_column(name, justify="left" if name == "category" else "right", no_wrap=True)
    for macro, row in result["by_macro"].items():
        table.add_row(macro, str(row["items"]), *(_bare(row[name]["value"]) for name in FIGURES))
        for meso, part in result["by_meso"].items():
            if meso.startswith(f"{macro}/"):
                name = f"  {meso.removeprefix(f'{macro}/')}"
                table.add_row(name, str(part["items"]), *(_bare(part[figure]["value"]) for figure in FIGURES))
    return table


def _notes(result: Mapping[str, Any]) -> list[str]:
    faults = result["faults"]
    wrong = [
        f"{len(faults[kind])} {kind}, counted as wrong: {', '.join(faults[kind][:_NAMED])}"
        for kind in ("missing", "empty", "error", "unreadable")
        if faults[kind]
    ]
    overall = result["released"]["as_released"]["before_semantic"]["overall"]
    released = (
        f"the released evaluator prints {_percent(overall['accuracy'])}, over the {overall['total_samples']} rows "
        "in which it can read a decision"
    )
    matcher = result["matcher"]
    sweep = ", ".join(f"{row['threshold']:g}: {_bare(row['matched_accuracy'])}" for row in matcher["sweep"])
    matched = f"matched by {matcher['name']}, score above {matcher['threshold']:g}; over thresholds {sweep}"
    return [*wrong, matched, released]


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"


def _bare(value: float | None) -> str:
    return _percent(value).removesuffix(" %")
