"""`bench capabilities`' object as tables: capabilities above their sub-tasks, columns beside each other."""

from __future__ import annotations

import dataclasses
import io

from rich.console import Console

from soundflow.bench.capabilities.judging import judge
from soundflow.bench.capabilities.layouts import in_both, layouts
from soundflow.bench.capabilities.run import report
from soundflow.bench.capabilities.table import capabilities_table
from tests.bench.capabilities.streams import references
from tests.bench.capabilities.test_figures import EVERYTHING


def shown() -> list[str]:
    """The lines of the tables."""
    heard = [(one, references(one) if one.key != "1" else ()) for one in EVERYTHING]
    found = report(heard, {"model": "nano", "machine": "a small one"})
    asked = layouts(in_both([judge(one, said) for one, said in heard[-2:]], [{0: "节奏"}, {}]))
    result = dataclasses.replace(found, layouts=asked).to_dict()
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(capabilities_table(result))
    return console.export_text().splitlines()


def cells(lines: list[str], first: str) -> list[list[str]]:
    """The rows of all tables that begin with a name."""
    rows = [[cell.strip() for cell in line.strip("│").split("│")] for line in lines if line.startswith("│")]
    return [row for row in rows if row[0] == first]


def test_a_row_a_sub_task_below_its_capability() -> None:
    lines = shown()
    assert "6 streams" in lines[0] and "8 items" in lines[0]
    names = [line.strip("│ ").split(" ")[0] for line in lines if line.startswith("│")]
    assert names.index("real_time_asr") + 1 == names.index("asr_mandarin") < names.index("proactive_respond")
    assert cells(lines, "keep_silent")[0][1:4] == ["1", "–", "100.0"]


def test_other_figures_columns_and_material_have_tables_of_their_own() -> None:
    lines = shown()
    assert ["s2tt_zh_en", "bleu", "100.0"] in [row[:3] for row in cells(lines, "s2tt_zh_en")]
    assert ["asr_mandarin", "wer", "0.0"] in [row[:3] for row in cells(lines, "asr_mandarin")]
    text_beside_spoken = cells(lines, "event_counting")[2]
    assert (text_beside_spoken[1:3], text_beside_spoken[4:6]) == (["2", "100.0"], ["1", "0.0"])
    assert cells(lines, "streaming_translation")[-1][1:3] == ["1", "100.0"]
    both_layouts = cells(lines, "asr_mandarin")[-1]
    assert (both_layouts[2], both_layouts[4], both_layouts[6]) == ("100.0", "100.0", "+0.0")
    assert lines[-1] == "machine: a small one"
