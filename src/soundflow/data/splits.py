"""Which split a recording stands in where its rows disagree: the one that is farthest from training (ruling 12).

A video of one corpus's published test split may lie in another corpus too, which has no splits, or others. Whichever
was met first, it must not be trained on. Tests: tests/data/test_splits.py.
"""

from __future__ import annotations

from collections.abc import Iterable

_KEPT_APART = {"train": 0, "valid": 1, "test": 3}
_OTHER = 2  # a split of a user's own is kept from training and choosing; what is published as `test` stays that


def strictest(splits: Iterable[str]) -> str:
    """Of the splits of one recording's rows the one that all of them belong to."""
    return max(splits, key=_strictness)


def is_stricter(split: str, than: str) -> bool:
    """Whether rows of the one split take a recording out of the other."""
    return _strictness(split) > _strictness(than)


def _strictness(split: str) -> tuple[int, str]:
    return _KEPT_APART.get(split, _OTHER), split
