"""Ratios of counts that may be empty, as the bootstrap draws them. Tests: tests/analysis/test_continuity.py."""

from __future__ import annotations

import numpy as np

from soundflow.bench.bootstrap import Counts


def share(part: Counts, whole: Counts) -> Counts:
    """`part` of `whole`; NaN where there is nothing to share."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(part / whole)
