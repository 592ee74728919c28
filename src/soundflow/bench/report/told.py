"""A result as it was printed, perhaps by an older bench: what it does not say reads as a dash, and so all below it.

Tests: tests/bench/report/test_told.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Untold(dict[str, Any]):
    """What a result does not say: empty and false, a dash in print."""

    def __missing__(self, name: str) -> Untold:
        return self

    def __str__(self) -> str:
        return "–"

    def __format__(self, form: str) -> str:
        return "–"


UNTOLD = Untold()


class Told(dict[str, Any]):
    """An object of a result, whose missing fields are untold."""

    def __missing__(self, name: str) -> Untold:
        return UNTOLD


def told(value: Any) -> Any:
    """The same values, whose objects at every depth answer for fields that they lack."""
    if isinstance(value, Mapping):
        return Told({name: told(one) for name, one in value.items()})
    return [told(one) for one in value] if isinstance(value, list | tuple) else value


def is_number(value: object) -> bool:
    """Whether a figure can be drawn."""
    return isinstance(value, int | float) and not isinstance(value, bool)
