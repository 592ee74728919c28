"""Times of chunks, by clocks that are made up."""

from __future__ import annotations

from itertools import count

import pytest

from soundflow.bench.timing import Stopwatch


def test_each_step_is_timed_by_both_clocks() -> None:
    wall, cpu = count(step=0.004), count(step=0.003)
    watch = Stopwatch(lambda: next(wall), lambda: next(cpu))
    assert [watch.time(lambda k=k: k * k) for k in range(3)] == [0, 1, 4]  # type: ignore[misc]
    assert list(watch.wall_ms) == pytest.approx([4, 4, 4]) and list(watch.cpu_ms) == pytest.approx([3, 3, 3])


def test_spread_of_some_steps() -> None:
    watch = Stopwatch()
    watch.wall_ms.extend(range(101))
    watch.cpu_ms.extend(0.5 * k for k in range(101))
    assert watch.spread() == {"p50_ms": 50, "p95_ms": 95, "cpu_p50_ms": 25, "cpu_p95_ms": 47.5, "chunks": 101}
    assert watch.spread(range(1, 4))["p50_ms"] == 2 and watch.spread([7, 9, 80])["cpu_p50_ms"] == 4.5
    assert watch.spread([]) == {"chunks": 0}
