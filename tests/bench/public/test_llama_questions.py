"""Llama Questions: the published table, gold and silence."""

from __future__ import annotations

import shutil
from pathlib import Path

from soundflow.bench.public import llama_questions
from soundflow.bench.rows import Answers, read_answers
from tests.bench.public.made import Talker, write_sounds
from tests.bench.published import benchmarks

TABLE = "Questions\tAnswer\tWav Filename\n Where?\tParis\t1.wav\nWho?\tAnn\t2.wav\n"


def test_gold_scores_all_and_silence_nothing(tmp_path: Path) -> None:
    (tmp_path / "llama_questions_300.tsv").write_text(TABLE)
    items = llama_questions.load(tmp_path)
    assert [(item.id, item.fields["question"]) for item in items] == [("1", "Where?"), ("2", "Who?")]
    assert llama_questions.score(items, Answers({"1": "It is Paris.", "2": "Ann"}))["accuracy"] == 100
    nothing = llama_questions.score(items, Answers({"1": ""}))
    assert (nothing["accuracy"], nothing["empty"], nothing["missing"]) == (0, ["1"], ["2"])


def test_a_mirrors_table_is_read_too(tmp_path: Path) -> None:
    (tmp_path / "llama_questions.csv").write_text('Questions,Answer,audio_filename\n"Where, then?",Paris,7.wav\n')
    (item,) = llama_questions.load(tmp_path)
    assert (item.id, item.fields["question"]) == ("7", "Where, then?")


def test_the_audio_is_the_instruction(tmp_path: Path) -> None:
    (tmp_path / "llama_questions_300.tsv").write_text(TABLE)
    write_sounds(tmp_path, "1.wav", "2.wav")
    model = Talker("Paris")
    list(llama_questions.run(model, llama_questions.load(tmp_path), tmp_path / "out.jsonl"))
    assert model.asked == [(2.1, None)] * 2
    assert read_answers(tmp_path / "out.jsonl").outputs == {"1": "Paris", "2": "Paris"}


def test_the_published_sample_scores_all_on_its_own_answers(tmp_path: Path) -> None:
    shutil.copy(benchmarks() / "samples" / "llama_questions.tsv", tmp_path)
    items = llama_questions.load(tmp_path)
    answers = Answers({item.id: item.fields["answers"][0] for item in items})
    assert len(items) == 20 and llama_questions.score(items, answers)["accuracy"] == 100
