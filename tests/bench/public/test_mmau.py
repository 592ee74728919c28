"""MMAU: the published file, written and spoken questions, gold and silence, and the released script's lines."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from soundflow.bench.public import mmau
from soundflow.bench.rows import Answers
from soundflow.errors import InputError
from tests.bench.public.made import Talker, gold, write_sounds
from tests.bench.published import benchmarks, golden_object

TWO = [
    {"id": "a", "audio_id": "./test-mini-audios/a.wav", "question": "What?", "choices": ["dog", "cat", "cow", "hen"]},
    {"id": "b", "audio_id": "./test-mini-audios/b.wav", "question": "Who?", "choices": ["Ann", "Bob"]},
]
ABOUT = {"task": "sound", "difficulty": "easy", "sub-category": "Counting"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two items, one of them with four choices and a spoken question."""
    rows = [{**row, **ABOUT, "answer": row["choices"][0]} for row in TWO]
    (tmp_path / "mmau-test-mini.json").write_text(json.dumps(rows), encoding="utf-8")
    write_sounds(tmp_path, "test-mini-audios/a.wav", "test-mini-audios/b.wav", "spoken/a.wav")
    return tmp_path


def test_gold_scores_all_and_silence_nothing(folder: Path) -> None:
    items = mmau.load(folder)
    best = mmau.score(items, gold(items, {"a": "dog", "b": "Ann"}))
    assert (best["accuracy"], best["by_task"]) == (100, {"sound": {"accuracy": 100, "items": 2}})
    assert mmau.score(items, Answers({}))["accuracy"] == 0


def test_what_is_missing_is_wrong_here_and_skipped_in_the_release(folder: Path) -> None:
    found = mmau.score(mmau.load(folder), Answers({"a": "dog"}))
    assert (found["accuracy"], found["released_skips_missing"], found["missing"]) == (50, 100, ["b"])


def test_a_letter_counts_only_once_it_is_read(folder: Path) -> None:
    found = mmau.score(mmau.load(folder), Answers({"a": "(A)", "b": "Ann"}))
    assert (found["accuracy"], found["accuracy_lead_in_stripped"]) == (50, 100)


def test_a_written_question_is_the_instruction(folder: Path) -> None:
    model = Talker("dog")
    list(mmau.run(model, mmau.load(folder), folder / "out.jsonl"))
    (seconds, instruction), _ = model.asked
    assert seconds == 2.1 and instruction is not None and instruction.startswith("What?\n")
    assert instruction.endswith("(A) dog (B) cat (C) cow (D) hen")


def test_a_spoken_question_goes_before_the_clip(folder: Path) -> None:
    items, model = mmau.load_spoken(folder), Talker("dog")
    assert [item.id for item in items] == ["a"], "only items with four choices"
    list(mmau.run(model, items, folder / "out.jsonl"))
    assert model.asked == [(2.6, None)]


def test_an_item_without_its_answer_is_named(tmp_path: Path) -> None:
    (tmp_path / "mmau-test-mini.json").write_text(json.dumps(TWO))
    with pytest.raises(InputError, match="item 1: field 'answer' is missing"):
        mmau.load(tmp_path)


def test_the_released_script_prints_the_same(tmp_path: Path) -> None:
    """Its denominators leave out rows without the key `model_output`."""
    shutil.copy(benchmarks() / "goldens" / "mmau_run.json", tmp_path / "mmau-test-mini.json")
    rows = json.loads((tmp_path / "mmau-test-mini.json").read_text(encoding="utf-8"))
    answers = Answers({row["id"]: row["model_output"] for row in rows if "model_output" in row})
    items = mmau.load(tmp_path)
    found = mmau.score([item for item in items if item.id in answers.outputs], answers)
    printed = {"Total Accuracy": (found["accuracy"], found["items"])}
    for group in ("by_task", "by_difficulty", "by_sub-category"):
        printed |= {name: (row["accuracy"], row["items"]) for name, row in found[group].items()}
    line = re.compile(r"(.+?) ?: ([\d.]+)% over (\d+) samples")
    golden = [m.groups() for text in golden_object("mmau_run_scores.json")["stdout_lines"] if (m := line.match(text))]
    assert {name: (f"{share:.2f}", str(count)) for name, (share, count) in printed.items()} == {
        name: (share, count) for name, share, count in golden
    }
    assert mmau.score(items, answers)["released_skips_missing"] == found["accuracy"]


def test_the_published_sample_loads() -> None:
    assert len(mmau.load(benchmarks() / "samples")) == 18
