"""The tables show what was wrong for want of a decision, and the released number."""

from __future__ import annotations

from io import StringIO

from rich.console import Console

from soundflow.bench.proactive import Matching, report
from soundflow.bench.proactive_table import proactive_table
from soundflow.bench.rows import Answers
from soundflow.bench.scorers.matching import word_overlap
from tests.bench.test_proactive import ITEMS, tagged


def test_a_reader_sees_figures_faults_and_the_released_number() -> None:
    found = report(ITEMS, Answers({"i0": "", "i1": tagged("IGNORE")}), Matching(word_overlap()))
    console = Console(width=120, record=True, file=StringIO())
    console.print(proactive_table(found))
    text = console.export_text()
    assert "decision" in text and "25.0" in text and "always silent" in text
    assert "2 missing, counted as wrong: i2, i3" in text and "1 empty" in text
    assert "released evaluator prints 100.0 %, over the 1 rows" in text
    assert "offline stand-in" in text
