"""Sub-tasks a corpus has too few streams of, and why. Tests: tests/data/build/test_shortfall.py."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from soundflow.data.build.recipe import Recipe, shares
from soundflow.data.build.stream import sub_task_of

ENOUGH_SHARE = 0.75  # of the streams a recipe asks for: a sub-task with fewer came short; chosen


@dataclass(frozen=True)
class Shortfall:
    """A sub-task that came short: streams made and asked for, and the code most of its attempts were rejected with."""

    sub_task: str
    made: int
    asked: int
    code: str

    def __str__(self) -> str:
        return f"{self.sub_task} came short: {self.made} of {self.asked} streams, mostly {self.code}"


def shortfalls(
    recipe: Recipe, seed: int, rows: Iterable[Mapping[str, Any]], rejected: Iterable[Mapping[str, Any]]
) -> tuple[Shortfall, ...]:
    """The sub-tasks that came short, in the registry's order.

    Args:
        rows: of the streams that were made.
        rejected: of the attempts that were not; rows of clips are passed over.
    """
    made = Counter(row["sub_task"] for row in rows)
    asked = Counter(sub_task_of(recipe, seed, index) for index in range(recipe.streams))
    codes: dict[str, Counter[str]] = {}
    for row in rejected:
        codes.setdefault(row.get("sub_task", ""), Counter())[row["code"]] += 1
    return tuple(
        Shortfall(name, made[name], asked[name], codes[name].most_common(1)[0][0])
        for name in shares(recipe)
        if made[name] < ENOUGH_SHARE * asked[name]
    )
