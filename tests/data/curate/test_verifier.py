"""The verifier: four criteria, three rulings."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from soundflow.data.curate.verifier import Measured, measure, verify
from tests.data.test_clips import tone

GOOD = Measured(seconds=2.0, peak_dbfs=-12.0, clipped_share=0.0, longest_pause=0.1, is_finite=True)


@pytest.mark.parametrize(
    ("label", "change", "ruling", "reason"),
    [
        ("cow", {}, "accept", ""),
        ("Moo", {}, "accept", ""),
        ("pig", {}, "reject", "identity"),
        ("cow", {"clipped_share": 0.1}, "reject", "cleanliness"),
        ("cow", {"peak_dbfs": -80.0}, "reject", "cleanliness"),
        ("cow", {"is_finite": False}, "reject", "cleanliness"),
        ("cow", {"seconds": 0.05}, "reject", "duration"),
        ("cow", {"seconds": 30.0}, "reprocess", "duration"),
        ("cow", {"longest_pause": 2.0}, "reprocess", "continuity"),
    ],
)
def test_each_criterion(label: str, change: dict[str, float], ruling: str, reason: str) -> None:
    verdict = verify(label, "cow", ("Cow", "moo"), dataclasses.replace(GOOD, **change), (0.15, 12.0))  # type: ignore[arg-type]
    assert verdict.ruling == ruling
    assert [r.partition(":")[0] for r in verdict.reasons] == [reason] * bool(reason)


def test_measures_by_hand() -> None:
    silence = np.zeros(16_000, np.float32)
    found = measure(np.concatenate([tone(1.0), silence, tone(0.5)]))
    assert found.seconds == 2.5 and found.longest_pause == pytest.approx(1.0, abs=0.03)
    assert found.peak_dbfs == pytest.approx(20 * np.log10(0.3 / np.sqrt(2)), abs=0.1)
    assert measure(np.ones(800, np.float32)).clipped_share == 1.0
    assert not measure(np.array([np.nan] * 400, np.float32)).is_finite
