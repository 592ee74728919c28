"""The paper's tables as printed, with what does not fit in them as notes."""

from __future__ import annotations

from typing import get_args

import pytest

from soundflow.bench.report.paper import Name, claim, paper_table, source


@pytest.mark.parametrize("name", get_args(Name))
def test_every_table_is_whole(name: Name) -> None:
    table = paper_table(name)
    assert table.rows and all(len(row) == len(table.columns) for row in table.rows) and table.notes


def test_known_figures() -> None:
    table = paper_table("proactive", [{"model": "mine", "avg_single": "70.0"}])
    rows = {row[0]: dict(zip(table.columns, row, strict=True)) for row in table.rows}
    assert rows["Audio-Interaction"]["avg single"] == "61.2" and rows["Audio-Interaction"]["avg multi"] == "62.8"
    assert rows["mine"]["avg single"] == "70.0" and rows["mine"]["avg multi"] == ""
    assert table.marked == {0} and "2606.05121" in source() and "0.91" in claim("silence_correlation")
