"""Proactive-Sound-Bench by hand, and the released 644 items: counts, trivial answers, gold, nothing, faults."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundflow.bench.proactive import Due, Item, Matching, always, gold, load_items, report
from soundflow.bench.rows import Answers, read_answers, write_rows
from soundflow.bench.scorers.matching import word_overlap
from soundflow.errors import InputError, UsageError
from tests.bench.published import benchmarks

OFFLINE = Matching(word_overlap())
DUE: tuple[tuple[str, Due], ...] = (("Door", "RESPOND"), ("Door", "IGNORE"), ("Glass", "RESPOND"), ("Glass", "IGNORE"))
ITEMS = tuple(
    Item(f"i{n}", f"./p/Home/{meso}/{due}/i{n}.wav", "", due, "Home", meso, ("the glass broke",) * (due == "RESPOND"))
    for n, (meso, due) in enumerate(DUE)
)


def tagged(decision: str, reply: str = "") -> str:
    return f"<Decision>{decision}</Decision><Reply>{reply}</Reply>"


def test_decision_and_meaning_are_two_columns() -> None:
    outputs = {
        "i0": tagged("RESPOND", "The glass broke!"),
        "i1": tagged("IGNORE"),
        "i2": tagged("RESPOND", "A dog barks."),  # the right decision, the wrong words
        "i3": tagged("RESPOND"),
    }
    found = report(ITEMS, Answers(outputs), OFFLINE)
    assert (found["decision_accuracy"]["value"], found["matched_accuracy"]["value"]) == (0.75, 0.5)
    assert (found["recall"]["value"], found["specificity"]["value"]) == (1.0, 0.5)
    assert found["balanced_accuracy"]["value"] == 0.75
    assert found["by_meso"]["Home/Door"]["decision_accuracy"]["value"] == 1.0
    assert found["by_macro"]["Home"]["correct"] == 3


def test_what_is_missing_is_wrong_and_shown() -> None:
    outputs = {"i0": "", "i1": "Error: <Decision>IGNORE</Decision>", "i2": "No Reply", "x9": tagged("IGNORE")}
    found = report(ITEMS, Answers(outputs, duplicates=("i0", "i0")), OFFLINE)
    assert found["correct"] == 0 and found["decision_accuracy"]["value"] == 0.0
    faults = found["faults"]
    assert (faults["empty"], faults["error"], faults["unreadable"], faults["missing"]) == (
        ["i0"],
        ["i1"],
        ["i2"],
        ["i3"],
    )
    assert (faults["duplicate_ids"], faults["unknown_ids"]) == (["i0"], ["x9"])


@given(
    st.dictionaries(
        st.sampled_from([item.id for item in ITEMS]),
        st.sampled_from([tagged("RESPOND", "the glass broke"), tagged("IGNORE"), "", "x", "Error: x"]),
    ),
    st.sampled_from([item.id for item in ITEMS]),
)
def test_leaving_an_item_out_never_raises_a_score(outputs: dict[str, str], left_out: str) -> None:
    whole = report(ITEMS, Answers(outputs), OFFLINE)
    less = report(ITEMS, Answers({name: text for name, text in outputs.items() if name != left_out}), OFFLINE)
    for figure in ("decision_accuracy", "matched_accuracy", "balanced_accuracy", "recall", "specificity"):
        assert less[figure]["value"] <= whole[figure]["value"]
    assert whole["matched_accuracy"]["value"] <= whole["decision_accuracy"]["value"]


def test_a_higher_threshold_matches_no_more() -> None:
    found = report(ITEMS, gold(ITEMS), Matching(word_overlap(), 0.35))["matcher"]
    values = [point["matched_accuracy"] for point in found["sweep"]]
    assert values == sorted(values, reverse=True) and 0.35 in [point["threshold"] for point in found["sweep"]]
    assert "offline" in found["name"]


def test_an_impossible_threshold_is_refused() -> None:
    with pytest.raises(UsageError):
        report(ITEMS, gold(ITEMS), Matching(word_overlap(), 50))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"id": "a", "path": "./p/A/B/x.wav", "decision": "MAYBE"}, "MAYBE"),
        ({"id": "a", "path": "x.wav", "decision": "IGNORE"}, "no categories"),
        ({"path": "./p/A/B/x.wav", "decision": "IGNORE"}, "'id' is missing"),
    ],
)
def test_a_manifest_that_cannot_be_right_is_refused(tmp_path: Path, row: dict[str, Any], message: str) -> None:
    write_rows(tmp_path / "m.jsonl", [row])
    with pytest.raises(InputError, match=message):
        load_items(tmp_path / "m.jsonl", None)


def test_an_id_that_stands_twice_is_refused(tmp_path: Path) -> None:
    write_rows(tmp_path / "m.jsonl", [{"id": "a", "path": "./p/A/B/x.wav", "decision": "IGNORE"}] * 2)
    with pytest.raises(InputError, match="twice"):
        load_items(tmp_path / "m.jsonl", None)


@pytest.fixture(scope="module")
def released() -> tuple[Item, ...]:
    return load_items(benchmarks() / "proactive_manifest.jsonl", benchmarks() / "proactive_references.jsonl")


def test_the_released_items(released: tuple[Item, ...]) -> None:
    assert Counter(item.decision for item in released) == {"RESPOND": 267, "IGNORE": 377}
    assert all(bool(item.answers) == (item.decision == "RESPOND") for item in released)
    macros = Counter(item.macro for item in released)
    assert sorted(macros.values()) == [15, 49, 103, 140, 156, 181]
    assert len({(item.macro, item.meso) for item in released}) == 17


def test_the_categories_of_the_path_are_those_of_the_fields(released: tuple[Item, ...], tmp_path: Path) -> None:
    rows = [{"id": item.id, "path": item.path, "decision": item.decision} for item in released]
    write_rows(tmp_path / "m.jsonl", rows)
    found = load_items(tmp_path / "m.jsonl", None)
    assert [(item.macro, item.meso) for item in found] == [(item.macro, item.meso) for item in released]


def test_gold_scores_all_and_nothing_scores_nothing(released: tuple[Item, ...]) -> None:
    best = report(released, gold(released), OFFLINE)
    assert (best["correct"], best["matched"]) == (644, 644)
    for nothing in (Answers({}), Answers({item.id: "" for item in released})):
        worst = report(released, nothing, OFFLINE)
        assert (worst["correct"], worst["matched"]) == (0, 0)


def test_always_silent_scores_more_than_half(released: tuple[Item, ...]) -> None:
    found = report(released, always(released, None), OFFLINE)
    assert found["decision_accuracy"]["value"] == 377 / 644  # 58.5 %
    assert found["balanced_accuracy"]["value"] == 0.5
    assert found["trivial"]["always_silent"]["decision_accuracy"] == found["decision_accuracy"]
    assert found["trivial"]["always_respond"]["correct"] == 267
    assert found["trivial"]["always_silent"]["by_macro"]["Music"] == pytest.approx(8 / 15)


def test_beside_the_released_number(released: tuple[Item, ...]) -> None:
    found = report(released, read_answers(benchmarks() / "goldens" / "psb_run_adversarial.jsonl"), OFFLINE)
    assert found["released"]["as_released"]["before_semantic"]["overall"]["accuracy"] == 350 / 510
    assert found["decision_accuracy"]["value"] == 350 / 644, "the same right ones, of all items"
    assert sum(len(found["faults"][kind]) for kind in ("missing", "empty", "error", "unreadable")) == 134
