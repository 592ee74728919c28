"""The table by hand."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from soundflow.analysis.ablation_table import AblationRow, results

ROWS = (
    AblationRow("first", "t"),
    AblationRow("other", "t", expects={"balanced": "worse", "text": "better"}),
    AblationRow("like it", "t", expects={"balanced": "worse"}),
)


def seeds(balanced: tuple[float, ...], text: tuple[float, ...]) -> list[Mapping[str, float]]:
    return [{"balanced": b, "area": 0.5, "text": t, "review": 1.0} for b, t in zip(balanced, text, strict=True)]


def test_the_table_by_hand() -> None:
    found = {
        "first": seeds((0.70, 0.72), (3.0, 3.1)),
        "other": seeds((0.60, 0.62), (4.0, 4.1)),
        "like it": seeds((0.71, 0.73), (3.0, 3.1)),
    }
    first, other, like = results(ROWS, found)
    assert first.figures["balanced"].difference == 0 and first.figures["balanced"].exceeds is None
    worse = other.figures["balanced"]
    assert worse.difference == pytest.approx(-0.1) and worse.exceeds and worse.reproduces is True
    text = other.figures["text"]  # a loss that rises is worse, and the row expected better
    assert text.difference == pytest.approx(1.0) and text.exceeds and text.reproduces is False
    assert like.figures["balanced"].exceeds is False and like.figures["balanced"].reproduces is None
    told = other.to_dict()
    assert told["balanced"]["mean"] == 0.61 and told["balanced"]["deviation"] == pytest.approx(0.0141, abs=1e-4)
    assert told["expects"] == {"balanced": "worse", "text": "better"}


def test_one_seed_says_nothing_of_spread() -> None:
    rows = results(ROWS, {row.name: seeds((0.5,), (3.0,)) for row in ROWS})
    assert [row.figures["balanced"].exceeds for row in rows] == [None, None, None]


def test_rows_may_have_as_many_seeds_as_are_finished() -> None:
    found = {
        "first": seeds((0.70, 0.72, 0.71), (3.0, 3.0, 3.0)),
        "other": seeds((0.60,), (3.0,)),  # one seed, judged by the spread that the first row shows
        "like it": [],
    }
    first, other = results(ROWS, found)
    assert first.figures["balanced"].exceeds is None and other.figures["balanced"].exceeds is True
    bound = 2 * 0.01 * (1 + 1 / 3) ** 0.5
    almost = results(ROWS[:2], found | {"other": seeds((0.71 - 0.99 * bound,), (3.0,))})
    assert almost[1].figures["balanced"].exceeds is False
