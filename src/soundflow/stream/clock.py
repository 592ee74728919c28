"""Time as a value that is passed in: a wall clock for real use, a simulated one for exact and machine-free figures.

Tests: tests/stream/test_clock.py.
"""

from __future__ import annotations

import json
import time
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from soundflow.errors import InputError


class Clock(Protocol):
    """Something that tells the time in seconds and can wait for a moment."""

    def now(self) -> float:
        """Seconds since some fixed moment; never goes back."""
        ...

    def wait_until(self, moment: float) -> None:
        """Return at `moment` or, when it has passed, at once."""
        ...


class WallClock:
    """The machine's monotonic clock."""

    def now(self) -> float:
        """Seconds of the monotonic clock."""
        return time.perf_counter()

    def wait_until(self, moment: float) -> None:
        """Sleep until `moment`."""
        remaining = moment - self.now()
        if remaining > 0:
            time.sleep(remaining)


@dataclass(frozen=True)
class CostTable:
    """What each kind of work takes, in milliseconds.

    `decision_ms` holds pairs (chunks in the flush, ms), rising in chunks; between and behind them lines are drawn.
    """

    name: str
    encode_ms: float
    decision_ms: tuple[tuple[int, float], ...]
    text_token_ms: float

    def __post_init__(self) -> None:
        chunks = [k for k, _ in self.decision_ms]
        if not chunks or chunks != sorted(set(chunks)) or chunks[0] < 1:
            raise InputError(
                "clock.cost_table", f"decision_ms for {chunks} chunks", "give pairs (chunks, ms), rising from 1"
            )

    def decision(self, chunks: int) -> float:
        """Milliseconds of one forward pass that covers so many chunks."""
        table = self.decision_ms
        if len(table) == 1:
            return table[0][1] * chunks
        upper = min(max(bisect_left(table, chunks, key=lambda row: row[0]), 1), len(table) - 1)
        (k0, ms0), (k1, ms1) = table[upper - 1], table[upper]
        return ms0 + (ms1 - ms0) * (chunks - k0) / (k1 - k0)

    def to_dict(self) -> dict[str, Any]:
        """Plain values that `from_dict` reads back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> CostTable:
        """Read what `to_dict` wrote, also after a trip through JSON."""
        plain = json.loads(json.dumps(dict(values)))
        pairs = tuple((int(k), float(ms)) for k, ms in plain["decision_ms"])
        return cls(str(plain["name"]), float(plain["encode_ms"]), pairs, float(plain["text_token_ms"]))


class SimulatedClock:
    """A clock that moves only when told; work takes what its cost table says.

    A session with this clock plays its sound as if it arrived in real time: chunk t's last sample is in at
    (t + 1) · chunk length, and replies take their cost meanwhile.

    Source: ruling 8.
    """

    def __init__(self, costs: CostTable, start: float = 0.0) -> None:
        self.costs = costs
        self._now = start

    def now(self) -> float:
        """Simulated seconds."""
        return self._now

    def wait_until(self, moment: float) -> None:
        """Move to `moment`; a moment that has passed changes nothing."""
        self._now = max(self._now, moment)
