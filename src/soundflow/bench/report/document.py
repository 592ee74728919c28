"""What a report says, before it has a form: sections of words, tables and plots.

Knows nothing of results, HTML or Markdown. Tests: tests/bench/report/test_document.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Table:
    """Cells as they are printed, first column to the left. `marked` rows are ours; notes become numbered footnotes."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    marked: frozenset[int] = frozenset()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Series:
    """One line of a plot: points (x, y), and the bounds of y where they are known."""

    name: str
    points: tuple[tuple[float, float], ...]
    bounds: tuple[tuple[float, float], ...] = ()
    is_line: bool = True  # else dots


@dataclass(frozen=True)
class Plot:
    """Lines over two axes; `is_log` for an x axis that counts in powers of ten."""

    title: str
    x_label: str
    y_label: str
    series: tuple[Series, ...]
    is_log: bool = False


@dataclass(frozen=True)
class Section:
    """One benchmark: words, tables, plots, and how to get the same."""

    title: str
    words: tuple[str, ...]
    tables: tuple[Table, ...]
    plots: tuple[Plot, ...] = ()
    origin: tuple[tuple[str, str], ...] = ()  # what was asked and where it was measured


@dataclass(frozen=True)
class Report:
    """The whole page; `origin` holds versions, commit and command line."""

    title: str
    sections: tuple[Section, ...]
    origin: tuple[tuple[str, str], ...]


def percent(rate: Mapping[str, Any] | None) -> str:
    """ "82.8 (79.2 – 86.4)" of a share with bounds; a dash without a value."""
    return _shown(rate, 100.0)


def number(rate: Mapping[str, Any] | None) -> str:
    """The same for what is no share."""
    return _shown(rate, 1.0)


def bare(value: float | None, scale: float = 100.0) -> str:
    """One figure without bounds; a dash where there is none."""
    return f"{scale * value:.1f}" if isinstance(value, int | float) else "–"


def _shown(rate: Mapping[str, Any] | None, scale: float) -> str:
    if rate is None or rate.get("value") is None:
        return "–"
    if rate.get("low") is None or rate.get("high") is None:
        return f"{scale * rate['value']:.1f}"
    return f"{scale * rate['value']:.1f} ({scale * rate['low']:.1f} – {scale * rate['high']:.1f})"
