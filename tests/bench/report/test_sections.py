"""Every bench's result becomes a section with our rows, the trivial ones, and the paper's where it has such."""

from __future__ import annotations

from typing import Any

import pytest

from soundflow.bench.report.document import Report
from soundflow.bench.report.forms import to_html, to_markdown
from soundflow.bench.report.sections import section
from soundflow.errors import InputError
from tests.bench.report.results import EVERY


@pytest.mark.parametrize("name", list(EVERY))
def test_every_result_has_a_section(name: str) -> None:
    found = section(EVERY[name])
    assert found.title and found.tables
    for table in found.tables:
        assert all(len(row) == len(table.columns) for row in table.rows), table.caption


def test_our_rows_stand_above_the_papers() -> None:
    table = section(EVERY["proactive_set"]).tables[-1]
    assert table.rows[0][0] == "nano on our recordings" and 0 in table.marked and len(table.marked) == 4
    names = [row[0] for row in table.rows]
    assert "always silent on our recordings" in names and "Audio-Interaction" in names
    assert dict(zip(table.columns, table.rows[0], strict=True))["avg single"] == "100.0"
    assert any("58.5" in note for note in table.notes), "inconsistencies are footnotes"


def test_a_word_error_rate_is_shown_in_percent() -> None:
    bounds = {"figure": "wer", "value": 0.25, "low": 0.1, "high": 0.5}
    found = section({**EVERY["librispeech_clean"], "bounds": bounds, "trivial": {"always_empty": {"wer": 1.0}}})
    assert "25.0 (10.0 – 50.0), 95 % bounds by item; 100.0 for an empty answer" in found.words[1]
    assert "25.0" in found.tables[0].rows[0] and "1 without an answer" in found.words[0]


def test_the_operating_curve_is_drawn_with_what_was_chosen() -> None:
    (plot,) = section(EVERY["calibrate"]).plots
    curve, at = plot.series
    assert [x for x, _ in curve.points] == [5, 20, 60] and at.points == ((20.0, 80.0),)


def test_what_is_no_result_is_told() -> None:
    with pytest.raises(InputError, match="no section for a result of benchmark 'x'"):
        section({"benchmark": "x"})


def names_in(value: Any) -> set[str]:
    """The name of every field, at any depth."""
    if isinstance(value, dict):
        return set(value).union(*map(names_in, value.values()))
    return set().union(*map(names_in, value)) if isinstance(value, list | tuple) else set()


def without(value: Any, name: str) -> Any:
    """The same without any field of that name."""
    if isinstance(value, dict):
        return {key: without(one, name) for key, one in value.items() if key != name}
    return [without(one, name) for one in value] if isinstance(value, list | tuple) else value


@pytest.mark.parametrize("name", list(EVERY))
def test_a_figure_that_an_older_result_lacks_is_a_dash(name: str) -> None:
    for field in sorted(names_in(EVERY[name]) - {"benchmark"}):
        report = Report("r", (section(without(EVERY[name], field)),), ())
        assert to_html(report) and to_markdown(report), field
    assert section({"benchmark": name}).title


def test_a_result_of_another_shape_is_told() -> None:
    with pytest.raises(InputError, match="no result of `bench house`"):
        section({**EVERY["house"], "trivial": [1]})
