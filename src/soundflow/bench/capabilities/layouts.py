"""The same items heard in a stream and asked about offline, side by side. Knows nothing of models.

Tests: tests/bench/capabilities/test_layouts.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from soundflow.bench.capabilities.figures import share
from soundflow.bench.capabilities.items import TASKS
from soundflow.bench.capabilities.judging import Judged, JudgedItem
from soundflow.bench.capabilities.rules import verdict
from soundflow.bench.compare import Pair, compared

Answers = Mapping[int, str]  # index of an item to what was answered


@dataclass(frozen=True)
class Both:
    """One item in both layouts."""

    streaming: JudgedItem
    offline: JudgedItem


def in_both(judged: Sequence[Judged], answers: Sequence[Answers]) -> list[Both]:
    """The items that were asked about; offline there is no right moment, only right words."""
    return [
        Both(one.items[place], _answered(one.items[place], text))
        for one, found in zip(judged, answers, strict=True)
        for place, text in found.items()
    ]


def layouts(pairs: Sequence[Both]) -> dict[str, Any]:
    """Streaming beside offline, over all and for each sub-task; empty where nothing could be asked."""
    if not pairs:
        return {}
    there = {pair.streaming.item.sub_task for pair in pairs}
    tasks = [task for tasks in TASKS.values() for task in tasks if task in there]
    return {
        "all": _row(pairs),
        "sub_tasks": {task: _row([pair for pair in pairs if pair.streaming.item.sub_task == task]) for task in tasks},
    }


def _answered(one: JudgedItem, text: str) -> JudgedItem:
    found = verdict(one.item, text)
    return JudgedItem(one.item, text or None, found.right, found.figures)


def _row(pairs: Sequence[Both]) -> dict[str, Any]:
    """Shares right, offline minus streaming with bounds by recording, and what the sub-task counts beside."""
    paired = compared([Pair(p.streaming.item.recording, "respond", p.streaming.right, p.offline.right) for p in pairs])
    names = dict.fromkeys(name for pair in pairs for name in pair.streaming.figures)
    return {
        "items": len(pairs),
        "streaming": _right([pair.streaming for pair in pairs]),
        "offline": _right([pair.offline for pair in pairs]),
        "difference": paired["difference"],
        "p_value": paired["p_value"],
        "figures": {
            name: {
                "streaming": _figure([pair.streaming for pair in pairs], name),
                "offline": _figure([pair.offline for pair in pairs], name),
            }
            for name in names
        },
    }


def _right(items: Sequence[JudgedItem]) -> dict[str, float | None]:
    return share([(float(one.right), 1.0) for one in items], [one.item.recording for one in items]).to_dict()


def _figure(items: Sequence[JudgedItem], name: str) -> dict[str, float | None]:
    own = [one for one in items if name in one.figures]
    return share([one.figures[name] for one in own], [one.item.recording for one in own]).to_dict()
