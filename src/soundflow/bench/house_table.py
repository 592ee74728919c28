"""`bench house`'s object as tables for people. Tests: tests/bench/test_house_table.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Group
from rich.table import Table

from soundflow.bench.house import SOURCES


def house_table(result: Mapping[str, Any]) -> Group:
    """Every system's hits, delays and false replies, then the model's false replies by source."""
    return Group(_systems(result), _sources(result["false_per_hour"]), *_notes(result))


def _systems(result: Mapping[str, Any]) -> Table:
    title = f"An hour in a house: {result['minutes']:g} minutes, split {result['split']}, seed {result['seed']}"
    table = Table(title=title, title_justify="left")
    table.add_column("system", no_wrap=True)
    for name in ("hits", "95 %", "last minute", "s to first word", "spec. %", "bal. %", "false an hour"):
        table.add_column(name, justify="right", no_wrap=True)
    for name, row in {result["model"]: result, **result["trivial"]}.items():
        recall = row["recall"]
        table.add_row(
            name.replace("_", " "),
            f"{row['hits']} of {row['events_that_matter']}",
            f"{100 * recall['low']:.0f} – {100 * recall['high']:.0f} %" if recall["value"] is not None else "–",
            f"{row['hits_in_last_minute']} of {row['events_in_last_minute']}",
            _number(row["seconds_to_first_word"]["median"]),
            _percent(row["specificity"]["value"]),
            _percent(row["balanced_accuracy"]["value"]),
            _number(row["false_per_hour"]["all"]["value"]),
        )
    return table


def _sources(rows: Mapping[str, Mapping[str, Any]]) -> Table:
    table = Table()
    table.add_column("false replies", no_wrap=True)
    for name in ("replies", "hours", "an hour of it", "95 %"):
        table.add_column(name, justify="right", no_wrap=True)
    for source in (*SOURCES, "all"):
        row = rows[source]
        bounds = "–" if row["value"] is None else f"{row['low']:.1f} – {row['high']:.1f}"
        table.add_row(source, str(row["replies"]), f"{row['hours']:.2f}", _number(row["value"]), bounds)
    return table


def _notes(result: Mapping[str, Any]) -> list[str]:
    delays, memory = result["seconds_to_first_word"], result["resident_mb"]
    notes = [f"seconds to first word: median {_number(delays['median'])}, nine in ten below {_number(delays['p90'])}"]
    if memory:
        notes.append(f"memory: {memory[0]:.0f} MiB after five minutes, {memory[-1]:.0f} MiB at the end")
    return [*notes, f"machine: {result['machine']}"]


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f}"
