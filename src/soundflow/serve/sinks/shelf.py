"""A spool as one courier uses it: what the disk will not write down is remembered here meanwhile.

So nothing that has arrived is sent twice and nothing waits behind it. Tests: tests/serve/sinks/test_shelf.py.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

from soundflow.errors import OutsideError
from soundflow.serve.sinks.spool import Owed, Spool


@dataclass(frozen=True)
class _Refused:
    refusals: int
    due: float


class Shelf:
    """What one sink is owed out of one spool. What is remembered is bounded by the spool's own rows."""

    def __init__(self, spool: Spool, sink: str) -> None:
        self._spool = spool
        self._sink = sink
        self._gone: set[int] = set()  # rows that the disk would not forget
        self._refused: dict[int, _Refused] = {}  # and those whose refusal it would not note

    def next(self, now: float) -> Owed | None:
        """The oldest alert that is due.

        Raises:
            OutsideError: the spool cannot be read (`alerts.spool`).
        """
        left_alone = {number for number, refused in self._refused.items() if refused.due > now}
        owed = self._spool.next(self._sink, now, self._gone | left_alone)
        if owed is None or owed.number not in self._refused:
            return owed
        return replace(owed, refusals=self._refused[owed.number].refusals)

    def done(self, number: int) -> None:
        """It has arrived, or nobody tries any more: it does not come again, whatever the disk says."""
        self._refused.pop(number, None)
        self._gone.add(number)
        with contextlib.suppress(OutsideError):  # `write_down` tells of it
            self._forget(number)

    def later(self, owed: Owed, due: float) -> None:
        """It was refused: count that, and leave it until then, whatever the disk says."""
        self._refused[owed.number] = _Refused(owed.refusals + 1, due)
        with contextlib.suppress(OutsideError):
            self._note(owed.number)

    def write_down(self) -> None:
        """Tell the spool what it would not hear before.

        Raises:
            OutsideError: it will not hear it now either (`alerts.spool`).
        """
        for number in sorted(self._gone):
            self._forget(number)
        for number in sorted(self._refused):
            self._note(number)

    def next_due(self) -> float | None:
        """When the next alert is due; None when none is owed.

        Raises:
            OutsideError: the spool cannot be read (`alerts.spool`).
        """
        return min(self._dues(), default=None)

    def _dues(self) -> Iterator[float]:
        yield from (refused.due for refused in self._refused.values())
        if (due := self._spool.next_due(self._sink, self._gone | self._refused.keys())) is not None:
            yield due

    def _forget(self, number: int) -> None:
        self._spool.done(number)
        self._gone.discard(number)

    def _note(self, number: int) -> None:
        self._spool.later(number, self._refused[number].due)
        del self._refused[number]
