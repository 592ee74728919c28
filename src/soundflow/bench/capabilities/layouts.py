"""The same items heard in a stream and asked about offline, side by side. Knows nothing of models.

Tests: tests/bench/capabilities/test_layouts.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from soundflow.bench.capabilities.judging import Judged, JudgedItem
from soundflow.bench.capabilities.paired import Both, side_by_side
from soundflow.bench.capabilities.rules import verdict

Answers = Mapping[int, str]  # index of an item to what was answered


def in_both(judged: Sequence[Judged], answers: Sequence[Answers]) -> list[Both]:
    """The items that were asked about; offline there is no right moment, only right words."""
    return [
        Both(one.items[place], _answered(one.items[place], text))
        for one, found in zip(judged, answers, strict=True)
        for place, text in found.items()
    ]


def layouts(pairs: Sequence[Both]) -> dict[str, Any]:
    """Streaming beside offline, over all and for each sub-task; empty where nothing could be asked."""
    return side_by_side(pairs, "streaming", "offline")


def _answered(one: JudgedItem, text: str) -> JudgedItem:
    found = verdict(one.item, text)
    return JudgedItem(one.item, text or None, found.right, found.figures)
