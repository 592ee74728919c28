"""Figures as a report prints them."""

from __future__ import annotations

from soundflow.bench.report.document import bare, number, percent


def test_rates_have_bounds_and_dashes() -> None:
    assert percent({"value": 0.828, "low": 0.792, "high": 0.864}) == "82.8 (79.2 – 86.4)"
    assert number({"value": 6.0, "low": None, "high": None}) == "6.0"
    assert percent(None) == percent({"value": None}) == bare(None) == "–" and bare(0.5) == "50.0"
