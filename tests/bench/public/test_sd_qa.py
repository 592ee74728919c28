"""SD-QA: PEDANT and a judge, each over all questions."""

from __future__ import annotations

from pathlib import Path

import pytest

from soundflow.bench.judge import stand_in_judge
from soundflow.bench.public import sd_qa
from soundflow.bench.rows import Answers, read_answers
from tests.bench.public.made import Talker, write_sounds
from tests.bench.published import benchmarks
from tests.bench.scorers.test_pedant import write_classifier


@pytest.fixture
def pedant(tmp_path: Path) -> Path:
    """A classifier that never believes."""
    return write_classifier(tmp_path / "c.npz", ["x1"], [0.0, 0.0, 0.0, 0.0], intercept=1.0)


def test_gold_scores_all_and_silence_nothing(tmp_path: Path, pedant: Path) -> None:
    (tmp_path / "sd_qa.jsonl").write_text('{"prompt": "where", "reference": "Paris"}\n')
    write_sounds(tmp_path, "sd_qa-0.wav")
    items, out, kept = sd_qa.load(tmp_path), tmp_path / "out.jsonl", tmp_path / "v.jsonl"
    list(sd_qa.run(Talker("It is Paris."), items, out))
    assert sd_qa.score(items, read_answers(out), stand_in_judge(), kept, pedant)["score"] == 100
    for nothing in (Answers({}), Answers({"sd_qa-0": ""}), Answers({"sd_qa-0": "Rome"})):
        assert sd_qa.score(items, nothing, stand_in_judge(), kept, pedant)["score"] == 0


def test_the_published_sample_scores_all_on_its_own_references(tmp_path: Path, pedant: Path) -> None:
    items = sd_qa.load(benchmarks() / "samples")
    answers = Answers({item.id: item.fields["reference"] for item in items})
    found = sd_qa.score(items, answers, stand_in_judge(), tmp_path / "v.jsonl", pedant)
    assert len(items) == 10 and found["score"] == 100
