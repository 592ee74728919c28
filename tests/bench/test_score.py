"""`bench score`: every golden row and total; gold scores all, empty nothing, a missing answer never helps."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from soundflow.bench.rows import Row, read_rows
from soundflow.bench.score import score_rows, scorer_names
from soundflow.errors import InputError, UsageError
from tests.bench.published import benchmarks, golden_object, golden_rows
from tests.bench.scorers.test_pedant import write_classifier

GOLDENS = {
    "mmau": "mmau_items",
    "wer": "wer",
    "bleu_en_zh": "bleu_en_zh",
    "bleu_zh_en": "bleu_zh_en",
    "voicebench_qa": "voicebench_qa",
    "voicebench_open": "voicebench_open",
    "spokenqa": "spokenqa_match",
    "proactive_parse": "psb_parse",
}
INPUTS = {  # what a row may hold besides its scores
    "n", "id", "answer", "choices", "prediction", "ref", "hyp", "prompt", "reference", "response", "score", "question",
    "answers", "raw",
}  # fmt: skip
LINE = "the train was ten minutes late"
SAMPLES: dict[str, tuple[dict[str, Any], str, str]] = {  # a row, the field with the model's words, the gold answer
    "mmau": ({"answer": "a dog", "choices": ["a dog", "a cat"]}, "prediction", "a dog"),
    "wer": ({"ref": LINE.upper()}, "hyp", LINE),
    "bleu_en_zh": ({"ref": "火车晚点了十分钟。"}, "hyp", "火车晚点了十分钟。"),
    "bleu_zh_en": ({"ref": LINE}, "hyp", LINE),
    "voicebench_qa": ({"prompt": "where", "reference": "Paris", "score": ["yes"] * 3}, "response", "Paris"),
    "voicebench_open": ({"prompt": "why", "score": ["5"] * 3}, "response", "because"),
    "spokenqa": ({"question": "where", "answers": ["Paris"]}, "prediction", "Paris"),
}


def rows_of(values: Sequence[dict[str, Any]]) -> list[Row]:
    return [Row(one, f"row {number}") for number, one in enumerate(values, 1)]


@pytest.fixture
def classifier(tmp_path: Path) -> Path:
    """One that calls every answer incorrect that does not hold the reference."""
    return write_classifier(tmp_path / "c.npz", ["x1"], [0.0, 0.0, 0.0, 0.0], intercept=1.0)


@pytest.mark.parametrize("name", GOLDENS)
def test_every_golden_row(name: str) -> None:
    golden = golden_rows(f"{GOLDENS[name]}.jsonl")
    pedant = benchmarks() / "goldens" / "pedant_linear.npz"
    found = score_rows(name, rows_of(golden), pedant)
    for ours, theirs in zip(found.rows, golden, strict=True):
        due = {field: value for field, value in theirs.items() if field not in INPUTS}
        assert {field: value for field, value in ours.items() if field not in INPUTS} == due
    json.dumps(found.total, allow_nan=False)


@pytest.mark.parametrize(
    ("name", "scores"),
    [
        ("wer", "wer_scores.json"),
        ("bleu_en_zh", "bleu_en_zh_scores.json"),
        ("bleu_zh_en", "bleu_zh_en_scores.json"),
        ("voicebench_qa", "voicebench_qa_scores.json"),
        ("voicebench_open", "voicebench_open_scores.json"),
    ],
)
def test_every_golden_total(name: str, scores: str) -> None:
    pedant = benchmarks() / "goldens" / "pedant_linear.npz"
    total = score_rows(name, rows_of(golden_rows(f"{GOLDENS[name]}.jsonl")), pedant).total
    golden = golden_object(scores)
    shared = total.keys() & golden.keys() - {"signature"}  # ours names no version: it is no sacreBLEU
    assert len(shared) >= 2
    for field in shared:
        assert total[field] == pytest.approx(golden[field], abs=1e-9), field


def figure(name: str, total: dict[str, Any]) -> float:
    """The figure of each scorer, in which more is better, with silence counted as wrong."""
    found = {
        "mmau": lambda: total["accuracy"],
        "wer": lambda: 100 - 100 * total["corpus_wer"],
        "bleu_en_zh": lambda: total["score"],
        "bleu_zh_en": lambda: total["score"],
        "voicebench_qa": lambda: total["empty_as_wrong"]["sd_qa_leaderboard"],
        "voicebench_open": lambda: 20 * total["unreadable_and_empty_as_zero"]["gpt"],
        "spokenqa": lambda: total["empty_as_wrong"]["qa_exist_match"],
    }[name]()
    return float(found)


@pytest.mark.parametrize("name", SAMPLES)
def test_gold_scores_all_and_silence_nothing(name: str, classifier: Path) -> None:
    row, field, answer = SAMPLES[name]
    gold = score_rows(name, rows_of([{**row, field: answer}] * 2), classifier).total
    assert figure(name, gold) == pytest.approx(100)
    for silence in ({field: ""}, {field: None}, {}):
        assert figure(name, score_rows(name, rows_of([{**row, **silence}]), classifier).total) == 0


@pytest.mark.parametrize("name", SAMPLES)
def test_a_missing_answer_never_helps(name: str, classifier: Path) -> None:
    row, field, answer = SAMPLES[name]
    both = score_rows(name, rows_of([{**row, field: answer}, {**row, field: answer}]), classifier).total
    one = score_rows(name, rows_of([{**row, field: answer}, row]), classifier).total
    assert figure(name, one) < figure(name, both)
    assert one["empty"] == 1


def test_a_row_without_its_reference_is_named() -> None:
    with pytest.raises(InputError, match="row 2: field 'ref' is missing"):
        score_rows("wer", rows_of([{"ref": "a", "hyp": "a"}, {"hyp": "a"}]))


def test_a_classifier_is_asked_for() -> None:
    with pytest.raises(UsageError, match="PEDANT"):
        score_rows("voicebench_qa", rows_of([SAMPLES["voicebench_qa"][0]]))


def test_an_unknown_name_lists_the_known() -> None:
    with pytest.raises(UsageError) as error:
        score_rows("mmlu", [])
    assert all(name in error.value.hint for name in scorer_names())
    assert set(scorer_names()) == set(GOLDENS)


def test_a_grade_that_is_no_number_is_written_out() -> None:
    found = score_rows(
        "voicebench_open", rows_of([{"response": "x", "score": [s]} for s in ("nan", "inf", "good", "4")])
    )
    assert [one["result"] for one in found.rows] == ["nan", "inf", "raises NotImplementedError", 4.0]
    assert (found.total["n_rows"], found.total["gpt"], found.total["unreadable"]) == (1, 4.0, 3)
    assert math.isclose(found.total["unreadable_and_empty_as_zero"]["gpt"], 1.0)


def test_rows_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "r.jsonl").write_text('{"n": 3, "raw": "<Decision>IGNORE</Decision>"}\n', encoding="utf-8")
    (row,) = score_rows("proactive_parse", read_rows(tmp_path / "r.jsonl")).rows
    assert row["n"] == 3 and row["correct_if_IGNORE"]
