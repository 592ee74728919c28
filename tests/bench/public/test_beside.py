"""What stands beside a figure: bounds that hold it, by hand, and the row of an empty answer."""

from __future__ import annotations

import numpy as np
import pytest

from soundflow.bench.public.beside import beside, mean_beside


def test_a_mean_with_its_bounds() -> None:
    found = mean_beside("accuracy", [100.0] * 60 + [0.0] * 40, 0.0)
    bounds = found["bounds"]
    assert (bounds["figure"], bounds["value"]) == ("accuracy", 60)
    assert bounds["low"] == pytest.approx(50, abs=3) and bounds["high"] == pytest.approx(70, abs=3), "± 1.96 · 4.9"
    assert found["trivial"] == {"always_empty": {"accuracy": 0.0}}


def test_a_ratio_weighs_items_by_their_length() -> None:
    assert beside("wer", [(1.0, 2.0), (0.0, 8.0)], 1.0)["bounds"]["value"] == 0.1


def test_a_figure_of_its_own() -> None:
    found = beside("most", [(1.0, 2.0)], None, lambda counts: np.asarray(counts.max(axis=-1)))
    assert (found["bounds"]["value"], found["bounds"]["low"], found["bounds"]["high"]) == (2, 2, 2)


def test_nothing_has_no_bounds() -> None:
    assert mean_beside("accuracy", [], 0.0)["bounds"]["value"] is None
