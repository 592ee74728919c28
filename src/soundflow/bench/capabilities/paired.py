"""The same items judged twice, side by side: shares right, and their difference. Knows nothing of models.

Tests: tests/bench/capabilities/test_paired.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from soundflow.bench.capabilities.figures import share
from soundflow.bench.capabilities.items import TASKS
from soundflow.bench.capabilities.judging import JudgedItem
from soundflow.bench.compare import Pair, compared


@dataclass(frozen=True)
class Both:
    """One item, judged in two ways."""

    first: JudgedItem
    second: JudgedItem


def side_by_side(pairs: Sequence[Both], first: str, second: str) -> dict[str, Any]:
    """Over all and for each sub-task, by the names of the two ways; empty where there is no pair."""
    if not pairs:
        return {}
    there = {pair.first.item.sub_task for pair in pairs}
    tasks = [task for tasks in TASKS.values() for task in tasks if task in there]
    own = {task: [pair for pair in pairs if pair.first.item.sub_task == task] for task in tasks}
    return {
        "all": _row(pairs, first, second),
        "sub_tasks": {task: _row(found, first, second) for task, found in own.items()},
    }


def _row(pairs: Sequence[Both], first: str, second: str) -> dict[str, Any]:
    """Shares right, the second's minus the first's with bounds by recording, and what the sub-task counts beside."""
    paired = compared([Pair(p.first.item.recording, "respond", p.first.right, p.second.right) for p in pairs])
    ways = {first: [pair.first for pair in pairs], second: [pair.second for pair in pairs]}
    names = dict.fromkeys(name for one in ways[first] for name in one.figures)
    return {
        "items": len(pairs),
        **{way: _right(items) for way, items in ways.items()},
        "difference": paired["difference"],
        "p_value": paired["p_value"],
        "figures": {name: {way: _figure(items, name) for way, items in ways.items()} for name in names},
    }


def _right(items: Sequence[JudgedItem]) -> dict[str, float | None]:
    return share([(float(one.right), 1.0) for one in items], [one.item.recording for one in items]).to_dict()


def _figure(items: Sequence[JudgedItem], name: str) -> dict[str, float | None]:
    own = [one for one in items if name in one.figures]
    return share([one.figures[name] for one in own], [one.item.recording for one in own]).to_dict()
