"""`bench trigger`'s object as tables: every figure with its bounds, the trivial systems beside it."""

from __future__ import annotations

import io
import json
from collections import Counter
from typing import Any

import pytest
from rich.console import Console

from soundflow.bench.bootstrap import poisson_rate
from soundflow.bench.scoring import SpokenReply
from soundflow.bench.stray import StrayRow
from soundflow.bench.trigger import Beside, report
from soundflow.bench.trigger_table import trigger_table
from tests.bench.streams import event, timeline


@pytest.fixture(scope="module")
def result() -> dict[str, Any]:
    """A siren that was answered, a cow that was disturbed, five replies in half an hour of background."""
    heard = [(timeline(event(1, 2, "respond"), event(8, 9, "ignore", "cow")), [SpokenReply(2.0), SpokenReply(8.4)])]
    over = {"background_rain": Counter(a=3, b=1), "background_noise": Counter(c=1)}
    background = StrayRow(poisson_rate(5, 0.5), replies=5, hours=0.5, recordings=2, over=over)
    stray = {"background": background, "speech": StrayRow(reason="split 'test' has no clips of kind 'speech'")}
    gate = Beside([[SpokenReply(2.0, "I hear siren.")]], {"background": background})
    about = {
        "model": "nano",
        "split": "test",
        "seed": 3,
        "threshold": 0.5,
        "machine": "a small one",
        "unusable": {"clips": 2, "reasons": {"x.wav": "silence"}},
    }
    return report(heard, {}, stray, about, {"energy_gate": gate}).to_dict()


def shown(result: dict[str, Any], with_labels: bool = True) -> dict[str, list[str]]:
    """The lines of the tables by their first cell."""
    console = Console(width=140, record=True, file=io.StringIO())
    console.print(trigger_table(result, with_labels))
    lines = console.export_text().splitlines()
    cells = [[cell.strip() for cell in line.strip("│┃ ").split("│")] for line in lines]
    return {row[0]: row[1:] for row in cells}


def test_the_object_survives_json(result: dict[str, Any]) -> None:
    assert json.loads(json.dumps(result, allow_nan=False)) == result


def test_figures_stand_between_bounds_and_trivial_systems(result: dict[str, Any]) -> None:
    rows = shown(result)
    assert rows["nano"] == ["50.0", "50.0", "100.0", "0.0", "0.0"]  # balanced, accuracy, recall, specificity, named
    assert rows["95 %"][2] == "100.0 – 100.0"
    assert rows["always silent"] == ["50.0", "50.0", "0.0", "100.0", "–"]  # who never speaks names nothing
    assert rows["always respond"] == ["50.0", "50.0", "100.0", "0.0", "0.0"]
    assert rows["energy gate"] == ["100.0", "100.0", "100.0", "100.0", "100.0"]


def test_it_says_over_what_stray_replies_came(result: dict[str, Any]) -> None:
    assert "stray background, over: background rain 4, background noise 1" in shown(result)


def test_stray_replies_have_bounds_and_a_reason_where_there_is_no_figure(result: dict[str, Any]) -> None:
    rows = shown(result)
    assert rows["background"] == ["10.0", "3.2 – 23.3", "10.0"]
    assert rows["speech"] == ["–", "–", "–"]
    assert "speech: split 'test' has no clips of kind 'speech'" in rows
    gate = result["trivial"]["energy_gate"]
    assert gate["stray_per_hour"] == 10.0 and gate["stray_per_hour_by_kind"]["background"]["replies"] == 5


def test_every_label_has_a_row_unless_they_are_left_out(result: dict[str, Any]) -> None:
    rows = shown(result)
    assert rows["siren"][:3] == ["respond", "1", "100.0"] and rows["cow"][:3] == ["ignore", "1", "0.0"]
    assert "siren" not in shown(result, with_labels=False)


def test_where_it_was_measured_and_what_could_not_be_used_is_said(result: dict[str, Any]) -> None:
    text = "\n".join(shown(result))
    assert "nano at threshold 0.5: 1 streams, 0.01 h, 2 events, split test, seed 3" in text
    assert "2 clips could not be used:" in text and "x.wav: silence" in text and "machine: a small one" in text
