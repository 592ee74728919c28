"""Two systems on the same events, in pairs: is the difference more than chance? Tests: tests/bench/test_compare.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import comb
from typing import Any

import numpy as np
from rich.table import Table

from soundflow.bench.bootstrap import bootstrap, ratio
from soundflow.bench.rows import Row
from soundflow.errors import InputError


@dataclass(frozen=True)
class Pair:
    """One event with what each system did; `recording` is drawn as a whole in the bootstrap."""

    recording: str
    due: str
    first_right: bool
    second_right: bool


def compare_rows(first: Sequence[Row], second: Sequence[Row]) -> dict[str, Any]:
    """The difference over all events, over those that call for an answer, and over those that do not.

    An event that only one file holds counts as wrong for the other and is listed: leaving it out would let a system
    win by not answering.

    Raises:
        InputError: the files have no event in common, an id stands twice, or a row is no outcome.
    """
    a, b = _by_id(first), _by_id(second)
    if not a.keys() & b.keys():
        hint = "both files must come from the same bench, split, seed and number of streams"
        raise InputError("compare.apart", "the two files have no event in common", hint)
    pairs = [_pair(a.get(name), b.get(name)) for name in sorted(a.keys() | b.keys())]
    groups = {"all": pairs} | {f"due to {due}": [p for p in pairs if p.due == due] for due in ("respond", "ignore")}
    return {
        "groups": {name: compared(some) for name, some in groups.items() if some},
        "only_in_a": sorted(a.keys() - b.keys()),
        "only_in_b": sorted(b.keys() - a.keys()),
    }


def compared(pairs: Sequence[Pair]) -> dict[str, Any]:
    """Shares right, their difference (second minus first) with 95 % bounds by recording, and McNemar's p.

    Source: McNemar 1947, exact two-sided form over the pairs in which the two differ.
    """
    counts = np.array([(p.second_right - p.first_right, 1.0) for p in pairs], dtype=np.float64)
    recordings = [pair.recording for pair in pairs]
    difference = bootstrap(counts, recordings, ratio)
    gained = sum(p.second_right and not p.first_right for p in pairs)
    lost = sum(p.first_right and not p.second_right for p in pairs)
    return {
        "pairs": len(pairs),
        "a": sum(p.first_right for p in pairs) / len(pairs),
        "b": sum(p.second_right for p in pairs) / len(pairs),
        "difference": difference.to_dict(),
        "only_b_right": gained,
        "only_a_right": lost,
        "p_value": mcnemar(gained, lost),
    }


def mcnemar(gained: int, lost: int) -> float:
    """The chance that a fair coin splits so many differing pairs as unevenly as this, or more."""
    count, fewer = gained + lost, min(gained, lost)
    tail = sum(comb(count, k) for k in range(fewer + 1))
    return min(1.0, float(Fraction(2 * tail, 2**count)))


def compare_table(result: Mapping[str, Any]) -> Table:
    """`bench compare`'s object for people."""
    table = Table(title=f"A: {result['a']}\nB: {result['b']}", title_justify="left")
    table.add_column("events", no_wrap=True)
    for name in ("pairs", "A, %", "B, %", "B – A, points", "only A", "only B", "p"):
        table.add_column(name, justify="right", no_wrap=True)
    for name, row in result["groups"].items():
        change = row["difference"]
        table.add_row(
            name,
            str(row["pairs"]),
            f"{100 * row['a']:.1f}",
            f"{100 * row['b']:.1f}",
            f"{100 * change['value']:+.1f} ({100 * change['low']:+.1f} – {100 * change['high']:+.1f})",
            str(row["only_a_right"]),
            str(row["only_b_right"]),
            f"{row['p_value']:.3g}",
        )
    alone = [f"{len(result[side])} only in {side[-1].upper()}" for side in ("only_in_a", "only_in_b") if result[side]]
    table.caption = ", ".join([*alone, "counted as wrong for the other"]) if alone else None
    return table


def _by_id(rows: Sequence[Row]) -> dict[str, Row]:
    found: dict[str, Row] = {}
    for row in rows:
        name = row.text("id")
        if name in found:
            raise InputError("compare.twice", f"{row.where}: id {name} stands there twice", "one row an event")
        if not isinstance(row.values.get("right"), bool):
            hint = "a bench writes such rows with --outcomes"
            raise InputError("compare.row", f"{row.where}: no field right that is true or false", hint)
        found[name] = row
    return found


def _pair(first: Row | None, second: Row | None) -> Pair:
    known = first or second
    assert known is not None, "an event of neither file"
    recording = str(known.values.get("recording") or known.values["id"])
    sides = [row is not None and bool(row.values["right"]) for row in (first, second)]
    return Pair(recording, str(known.values.get("due", "")), sides[0], sides[1])
