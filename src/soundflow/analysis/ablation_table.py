"""The table of an ablation: each figure's mean and spread, its distance to the first row, and whether the paper's
ordering is seen. Knows nothing of how a row came about. Tests: tests/analysis/test_ablation_table.py.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

FIGURES: Mapping[str, bool] = {"balanced": True, "area": True, "text": False, "review": False}  # is more better?

Change = Literal["better", "worse"]


@dataclass(frozen=True)
class AblationRow:
    """One line of a table: which keys it changes, and what the paper found.

    Args:
        paper: the paper's own figures.
        expects: by figure, where the paper's row stands to its first one.
    """

    name: str
    table: str
    paper: str = "–"
    set: tuple[str, ...] = ()
    expects: Mapping[str, Change] = field(default_factory=dict)


@dataclass(frozen=True)
class Figure:
    """One figure of one row under each seed.

    `exceeds` says that the distance to the first row is more than twice its standard error, with the spread of all
    rows pooled; `reproduces` whether it then points where the paper's does; None where nothing can be said.
    """

    values: tuple[float, ...]
    difference: float
    exceeds: bool | None
    reproduces: bool | None

    def to_dict(self) -> dict[str, Any]:
        """Mean, spread, and each seed."""
        return {
            "mean": round(statistics.fmean(self.values), 4),
            "deviation": round(_deviation(self.values), 4),
            "values": [round(value, 4) for value in self.values],
            "difference": round(self.difference, 4),
            "exceeds": self.exceeds,
            "reproduces": self.reproduces,
        }


@dataclass(frozen=True)
class RowResult:
    """One row and its figures by name."""

    row: AblationRow
    figures: Mapping[str, Figure]

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        told = {"table": self.row.table, "name": self.row.name, "paper": self.row.paper, "set": list(self.row.set)}
        return told | {"expects": dict(self.row.expects)} | {n: f.to_dict() for n, f in self.figures.items()}


def results(rows: Sequence[AblationRow], found: Mapping[str, Sequence[Mapping[str, float]]]) -> list[RowResult]:
    """The table out of what each row's seeds gave.

    Args:
        found: by row, the figures of each seed.
    """
    by_figure = {
        figure: _figures(rows, {row.name: tuple(part[figure] for part in found[row.name]) for row in rows}, figure)
        for figure in FIGURES
    }
    return [RowResult(row, {name: by_figure[name][i] for name in FIGURES}) for i, row in enumerate(rows)]


def _figures(rows: Sequence[AblationRow], values: Mapping[str, tuple[float, ...]], name: str) -> list[Figure]:
    base = values[rows[0].name]
    pooled = math.sqrt(statistics.fmean(_deviation(each) ** 2 for each in values.values()))
    bound = 2 * pooled * math.sqrt(2 / len(base))
    table = []
    for row in rows:
        difference = statistics.fmean(values[row.name]) - statistics.fmean(base)
        exceeds = None if row is rows[0] or len(base) < 2 else abs(difference) > bound
        seen: Change = "better" if (difference > 0) == FIGURES[name] else "worse"
        reproduces = seen == row.expects[name] if exceeds and name in row.expects else None
        table.append(Figure(values[row.name], difference, exceeds, reproduces))
    return table


def _deviation(values: Sequence[float]) -> float:
    return statistics.stdev(values) if len(values) > 1 else 0.0
