"""Every benchmark of `bench run`: gold answers give all, none give nothing, and leaving one out never helps.

A missing answer counts as an empty one. (An answer that is worse than nothing may count less than none where the
original rule has it so: a transcript with more insertions than words, a long wrong translation.)
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from soundflow.bench.judge import Judge, Kind
from soundflow.bench.public.items import Item
from soundflow.bench.public.registry import BENCHMARKS, Means, benchmark
from soundflow.bench.rows import Answers, Row
from tests.bench.scorers.test_pedant import write_classifier

LINES = ("the train was ten minutes late", "she bought two red apples there", "nobody came to the old bridge")
CHINESE = ("火车晚点了十分钟。", "她买了两个红苹果。", "没有人来到那座老桥。")
ITEMS = range(3)


def fields(name: str, place: int) -> tuple[dict[str, Any], str]:
    """What the scorer needs of an item, and its gold answer."""
    line = CHINESE[place] if name == "covost2_en_zh" else LINES[place]
    if name.startswith("mmau"):
        return {
            "answer": line,
            "choices": [line, "a cat"],
            "task": "sound",
            "difficulty": "easy",
            "sub-category": "x",
        }, line
    if name in ("llama_questions", "web_questions"):
        return {"question": "where", "answers": [line]}, line
    if name in ("alpacaeval", "sd_qa"):
        return {"prompt": "why", "reference": line}, line
    return {"ref": line}, line


def verdicts(kind: Kind, row: Row) -> tuple[str, ...]:
    """A judge that likes every answer with words in it."""
    good = bool(row.answer("response"))
    return (("5" if good else "1") if kind == "open" else "yes" if good else "no",) * 3


FIGURES: Mapping[str, Callable[[Mapping[str, Any]], float]] = {
    "mmau": lambda found: found["accuracy"],
    "mmau_spoken": lambda found: found["accuracy"],
    "llama_questions": lambda found: found["accuracy"],
    "web_questions": lambda found: found["accuracy"],
    "alpacaeval": lambda found: 20 * found["grade"],
    "sd_qa": lambda found: found["score"],
    "librispeech_clean": lambda found: 100 * (1 - found["wer"]),
    "librispeech_other": lambda found: 100 * (1 - found["wer"]),
    "covost2_en_zh": lambda found: found["bleu"],
    "covost2_zh_en": lambda found: found["bleu"],
}


def scored(name: str, said: Mapping[str, str]) -> dict[str, Any]:
    """What the benchmark says of answers by id."""
    items = [Item(str(place), (), fields=fields(name, place)[0]) for place in ITEMS]
    with tempfile.TemporaryDirectory() as folder:
        # a classifier that calls every answer incorrect that does not hold the reference
        pedant = write_classifier(Path(folder) / "c.npz", ["x1"], [0.0, 0.0, 0.0, 0.0], intercept=1.0)
        means = Means(Judge({"judge": "a fake"}, verdicts), Path(folder) / "v.jsonl", pedant)
        return benchmark(name).score(items, Answers(said), means)


def figure(name: str, said: Mapping[str, str]) -> float:
    """The benchmark's figure, percent of the best, for answers by id."""
    return FIGURES[name](scored(name, said))


def gold(name: str) -> dict[str, str]:
    return {str(place): fields(name, place)[1] for place in ITEMS}


def test_every_benchmark_is_here() -> None:
    assert set(FIGURES) == set(BENCHMARKS)


@pytest.mark.parametrize("name", FIGURES)
def test_gold_is_all_and_nothing_is_nothing(name: str) -> None:
    assert figure(name, gold(name)) == pytest.approx(100)
    assert figure(name, {}) == figure(name, dict.fromkeys(gold(name), "")) == pytest.approx(0)


@pytest.mark.parametrize("name", FIGURES)
def test_the_figure_stands_within_its_bounds_beside_an_empty_answer(name: str) -> None:
    whole = gold(name)
    found, nothing = scored(name, {**whole, "1": ""}), scored(name, dict.fromkeys(whole, ""))
    bounds = found["bounds"]
    assert found[bounds["figure"]] == pytest.approx(bounds["value"], abs=1e-3)
    assert bounds["low"] < bounds["value"] < bounds["high"]
    assert found["trivial"]["always_empty"] == {bounds["figure"]: pytest.approx(nothing[bounds["figure"]])}


@pytest.mark.parametrize("left_out", [{"1"}, {"0", "2"}], ids=["one", "two"])
@pytest.mark.parametrize("name", FIGURES)
def test_leaving_answers_out_never_helps(name: str, left_out: set[str]) -> None:
    whole = gold(name)
    missing = figure(name, {item: said for item, said in whole.items() if item not in left_out})
    empty = figure(name, {item: "" if item in left_out else said for item, said in whole.items()})
    assert missing == pytest.approx(empty) and missing < figure(name, whole)
