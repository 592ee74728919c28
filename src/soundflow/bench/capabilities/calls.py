"""Function calls as replies, compared by name and by arguments. Tests: tests/bench/capabilities/test_calls.py."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Call:
    """One function call; `slots` are its arguments as (name, value), values without case and outer blanks."""

    name: str
    slots: frozenset[tuple[str, str]]


def read_call(text: str) -> Call | None:
    """A reply as a call: one JSON object with `name` and `arguments`; None where it is none."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    name, arguments = found.get("name"), found.get("arguments", {})
    if not isinstance(name, str) or not isinstance(arguments, dict):
        return None
    return Call(name, frozenset((key, _value(value)) for key, value in arguments.items()))


def slot_counts(wanted: Call, said: Call | None) -> tuple[float, float]:
    """Twice the slots that are right, and the slots of both: their ratio over many calls is micro F1."""
    slots = frozenset[tuple[str, str]]() if said is None else said.slots
    return 2.0 * len(wanted.slots & slots), float(len(wanted.slots) + len(slots))


def _value(value: Any) -> str:
    return value.strip().casefold() if isinstance(value, str) else json.dumps(value, sort_keys=True)
