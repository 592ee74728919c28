"""The released evaluator's figures: what it drops, how it groups, and its own results."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from soundflow.bench.proactive import load_items
from soundflow.bench.rows import Answers, read_answers
from soundflow.bench.scorers.matching import word_overlap
from soundflow.bench.scorers.proactive_released import ReleasedRow, released_scores, repaired_path
from tests.bench.published import benchmarks, golden_object

ROOT = "./proactive-sound-effect/Traffic/Vehicle"
RESPOND = "<Decision>RESPOND</Decision><Reply>Mind the car.</Reply>"


def test_rows_without_a_decision_leave_every_denominator() -> None:
    rows = [ReleasedRow(f"{ROOT}/RESPOND/a.wav", "RESPOND", RESPOND), ReleasedRow(f"{ROOT}/IGNORE/b.wav", "IGNORE", "")]
    found = released_scores(rows)["before_semantic"]
    assert found["overall"] == {"total_samples": 1, "correct_samples": 1, "accuracy": 1.0}
    assert list(found["by_folder"]) == ["Unknown"], "its pattern looks for another folder"


def test_groups_appear_once_the_prefix_is_repaired() -> None:
    row = ReleasedRow(repaired_path(f"{ROOT}/RESPOND/a.wav"), "RESPOND", RESPOND, ("Mind the car!",))
    found = released_scores([row], word_overlap())
    assert list(found["after_semantic"]["by_folder"]) == ["Traffic/Vehicle"]
    assert found["after_semantic"]["overall"]["accuracy"] == 1.0


def rows_of(answers: Answers, repaired: bool) -> list[ReleasedRow]:
    folder = benchmarks()
    items = load_items(folder / "proactive_manifest.jsonl", folder / "proactive_references.jsonl")
    paths = [repaired_path(item.path) if repaired else item.path for item in items]
    return [
        ReleasedRow(path, item.decision, answers.outputs.get(item.id, ""), item.answers)
        for path, item in zip(paths, items, strict=True)
    ]


@pytest.mark.parametrize("name", ["random", "adversarial"])
def test_equal_to_the_released_evaluator(name: str) -> None:
    golden: dict[str, Any] = golden_object("psb_run_scores.json")[name]
    answers = read_answers(benchmarks() / "goldens" / f"psb_run_{name}.jsonl")
    assert released_scores(rows_of(answers, False)) == golden["released"]
    assert released_scores(rows_of(answers, True)) == golden["path_prefix_repaired"]
    matched = released_scores(rows_of(answers, True), word_overlap(), 0.5)
    assert matched == golden["path_prefix_repaired_jaccard_semantic_0.5"]


CONSTANT: dict[str, Callable[[str], str]] = {
    "all_silent_text_empty": lambda due: "",
    "always_IGNORE": lambda due: "<Decision>IGNORE</Decision>\n<Reply>x</Reply>",
    "always_RESPOND": lambda due: "<Decision>RESPOND</Decision>\n<Reply>x</Reply>",
    "speaks_only_when_right_else_empty": lambda due: (
        "<Decision>RESPOND</Decision>\n<Reply>x</Reply>" * (due == "RESPOND")
    ),
    "no_rows": lambda due: "",
}


@pytest.mark.parametrize("name", CONSTANT)
def test_equal_on_constant_runs(name: str) -> None:
    golden: dict[str, Any] = golden_object("psb_run_scores.json")[name]
    manifest = load_items(benchmarks() / "proactive_manifest.jsonl", None)
    answers = Answers({item.id: CONSTANT[name](item.decision) for item in manifest})
    assert released_scores(rows_of(answers, False)) == golden["released"]
    assert released_scores(rows_of(answers, True)) == golden["path_prefix_repaired"]
