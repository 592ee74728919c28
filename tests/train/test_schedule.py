"""The learning rate over a run."""

from __future__ import annotations

import pytest

from soundflow.train.schedule import schedule


def test_the_rate_rises_then_falls() -> None:
    rates = [schedule(step, 100, 0.1) for step in range(100)]
    assert rates[0] == pytest.approx(0.1) and max(rates) == 1.0 and rates[-1] < 0.001
    assert rates[10:] == sorted(rates[10:], reverse=True)
