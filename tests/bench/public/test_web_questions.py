"""Web Questions: the table with audio, the lines without, lists of answers."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from soundflow.bench.public import web_questions
from soundflow.bench.rows import Answers, read_answers
from tests.bench.public.made import Talker, write_sounds
from tests.bench.published import benchmarks


@pytest.mark.parametrize(
    ("cell", "answers"),
    [('"[""Ann"", ""Bob""]"', ["Ann", "Bob"]), ("\"['Ann', 'Bob']\"", ["Ann", "Bob"]), ("Ann", ["Ann"]), ("7", ["7"])],
)
def test_answers_as_they_are_written(tmp_path: Path, cell: str, answers: list[str]) -> None:
    (tmp_path / "web_questions.csv").write_text(f"question,answers,audio_filename\nwho?,{cell},a.wav\n")
    (item,) = web_questions.load(tmp_path)
    assert item.fields["answers"] == answers


def test_any_of_the_answers_is_right(tmp_path: Path) -> None:
    (tmp_path / "web_questions.jsonl").write_text('{"qId": "q", "qText": "who?", "answers": ["Ann", "Bob"]}\n')
    write_sounds(tmp_path, "q.wav")
    items = web_questions.load(tmp_path)
    list(web_questions.run(Talker("It was", "Bob."), items, tmp_path / "out.jsonl"))
    assert web_questions.score(items, read_answers(tmp_path / "out.jsonl"))["accuracy"] == 100
    assert web_questions.score(items, Answers({}))["accuracy"] == 0


def test_the_published_sample_scores_all_on_its_own_answers(tmp_path: Path) -> None:
    shutil.copy(benchmarks() / "samples" / "web_questions.jsonl", tmp_path)
    items = web_questions.load(tmp_path)
    answers = Answers({item.id: item.fields["answers"][-1] for item in items})
    assert len(items) == 20 and web_questions.score(items, answers)["accuracy"] == 100
