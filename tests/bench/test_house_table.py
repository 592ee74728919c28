"""`bench house`'s object for people."""

from __future__ import annotations

import io

from rich.console import Console

from soundflow.bench.house import judge
from soundflow.bench.house_table import house_table
from tests.bench.test_house import HOUSE, REPLIES


def test_systems_and_sources_are_there() -> None:
    silent, model = judge(HOUSE, [], {}), judge(HOUSE, REPLIES, {})
    about = {"model": "nano", "minutes": 3.0, "split": "test", "seed": 0, "machine": "a small one"}
    result = {**model, **about, "resident_mb": [300.0, 301.0], "trivial": {"always_silent": silent}}
    console = Console(width=140, record=True, file=io.StringIO())
    console.print(house_table(result))
    text = console.export_text()
    assert "2 of 2" in text and "always silent" in text and "0 of 2" in text
    assert "television" in text and "301 MiB at the end" in text and "a small one" in text
