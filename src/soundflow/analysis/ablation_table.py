"""The table of an ablation: each figure's mean and spread, its distance to the first row, and whether the paper's
ordering is seen. Knows nothing of how a row came about. Tests: tests/analysis/test_ablation_table.py.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
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
            "seeds": len(self.values),
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
    """The table out of what each row's seeds gave; a row of which nothing is finished is left out.

    Args:
        found: by row, the figures of each seed; rows may have as many as are finished.
    """
    there = [row for row in rows if found[row.name]]
    by_figure = {
        figure: _figures(there, {row.name: tuple(part[figure] for part in found[row.name]) for row in there}, figure)
        for figure in FIGURES
    }
    return [RowResult(row, {name: by_figure[name][i] for name in FIGURES}) for i, row in enumerate(there)]


def _figures(rows: Sequence[AblationRow], values: Mapping[str, tuple[float, ...]], name: str) -> list[Figure]:
    pooled = _pooled(values.values())
    table = []
    for row in rows:
        own, base = values[row.name], values[rows[0].name]
        difference = statistics.fmean(own) - statistics.fmean(base)
        bound = None if pooled is None else 2 * pooled * math.sqrt(1 / len(own) + 1 / len(base))
        exceeds = None if row is rows[0] or bound is None else abs(difference) > bound
        seen: Change = "better" if (difference > 0) == FIGURES[name] else "worse"
        reproduces = seen == row.expects[name] if exceeds and name in row.expects else None
        table.append(Figure(own, difference, exceeds, reproduces))
    return table


def _pooled(values: Iterable[Sequence[float]]) -> float | None:
    """The deviation of one seed from its row's mean, over all rows with more than one; None where there is none."""
    several = [each for each in values if len(each) > 1]
    if not several:
        return None
    return math.sqrt(sum(statistics.variance(e) * (len(e) - 1) for e in several) / sum(len(e) - 1 for e in several))


def _deviation(values: Sequence[float]) -> float:
    return statistics.stdev(values) if len(values) > 1 else 0.0
