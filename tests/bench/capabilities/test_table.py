"""`bench capabilities`' object as tables: capabilities above their sub-tasks, columns beside each other."""

from __future__ import annotations

import dataclasses
import io
from typing import Any

import pytest
from rich.console import Console

from soundflow.bench.capabilities.judging import judge
from soundflow.bench.capabilities.layouts import in_both, layouts
from soundflow.bench.capabilities.run import report
from soundflow.bench.capabilities.table import capabilities_table, capabilities_tables
from tests.bench.capabilities.streams import due, references, stream
from tests.bench.capabilities.test_figures import ALARM, EVERYTHING

WHOLE = "100.0 (100.0 – 100.0)"


@pytest.fixture(scope="module")
def result() -> dict[str, Any]:
    """Everything said as the references have it, but nothing in the stream whose instruction was spoken."""
    heard = [(one, references(one) if one.key != "1" else ()) for one in EVERYTHING]
    found = report(heard, {"model": "nano", "machine": "a small one"})
    asked = layouts(in_both([judge(one, said) for one, said in heard[-2:]], [{0: "节奏"}, {}]))
    return dataclasses.replace(found, layouts=asked).to_dict()


def rows(result: dict[str, Any], caption: str) -> dict[str, tuple[str, ...]]:
    """The rows of the table whose caption begins so, by their first cell."""
    table = next(table for table in capabilities_tables(result) if table.caption.startswith(caption))
    return {row[0]: row[1:] for row in table.rows}


def test_a_row_a_sub_task_below_its_capability(result: dict[str, Any]) -> None:
    scores = rows(result, "said in time")
    names = list(scores)
    assert names[0] == "all" and names.index("real time asr") + 1 == names.index("· asr_mandarin")
    assert scores["· keep_silent"] == ("1", "–", WHOLE, "100.0", "100.0", "100.0")
    assert scores["· event_counting"][:2] == ("3", "66.7")


def test_other_figures_stand_beside(result: dict[str, Any]) -> None:
    table = next(table for table in capabilities_tables(result) if table.caption == "counted beside")
    assert ("· s2tt_zh_en", "bleu", "", "100.0", "", "", "") in table.rows
    assert ("· asr_mandarin", "keyword accuracy", "1", WHOLE, "100.0", "–", "–") in table.rows
    assert ("· asr_mandarin", "wer", "", "0.0 (0.0 – 0.0)", "–", "–", "–") in table.rows


def test_recorded_and_rendered_orders_stand_apart() -> None:
    latte = '{"name": "order_drink", "arguments": {"drink": "latte"}}'
    orders = stream("environment_aware_assistance", due(1, 2, latte), due(5, 6, latte, synthetic=True))
    heard = [(orders, references(orders)[:1])]
    found = report(heard, {"model": "nano", "machine": "a small one"}).to_dict()
    table = next(table for table in capabilities_tables(found) if table.caption == "counted beside")
    row = next(row for row in table.rows if row[:2] == ("· environment_aware_assistance", "orders slot f1"))
    assert row[2] == "2" and row[4:] == ("100.0", "100.0", "0.0")


def test_columns_material_and_layouts_are_compared(result: dict[str, Any]) -> None:
    assert rows(result, "instructions")["· event_counting"] == ("2", WHOLE, "1", "0.0 (0.0 – 0.0)")
    assert rows(result, "what sounded")["streaming translation"] == ("1", WHOLE, "1", WHOLE)
    assert rows(result, "the same items")["asr_mandarin"] == ("1", WHOLE, WHOLE, "0.0 (0.0 – 0.0)")


def test_what_is_not_there_has_no_table() -> None:
    alone = report([(ALARM, references(ALARM))], {"model": "nano", "machine": "a small one"}).to_dict()
    assert [table.caption.split(",")[0] for table in capabilities_tables(alone)] == ["said in time"]


def test_what_was_left_out_is_told(result: dict[str, Any]) -> None:
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(capabilities_table({**result, "unsound": [{"stream": "7", "sub_task": "x", "reference": "y"}]}))
    assert "1 items left out" in console.export_text()


def test_a_terminal_shows_all_of_it(result: dict[str, Any]) -> None:
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(capabilities_table(result))
    lines = console.export_text().splitlines()
    assert lines[0].startswith("nano: 6 streams") and "8 items" in lines[0] and lines[-1] == "machine: a small one"
    assert all(any(table.caption in line for line in lines) for table in capabilities_tables(result))
