"""AlpacaEval: graded by a judge, silence and unreadable grades count as nothing."""

from __future__ import annotations

from pathlib import Path

from soundflow.bench.judge import Judge, Kind, stand_in_judge
from soundflow.bench.public import alpacaeval
from soundflow.bench.rows import Answers, Row, read_answers
from tests.bench.public.made import Talker, write_sounds
from tests.bench.published import benchmarks


def grader(kind: Kind, row: Row) -> tuple[str, ...]:
    return ("5", "5", "4/5" if "vague" in row.answer("response") else "5")


def test_the_grade_is_over_all_requests(tmp_path: Path) -> None:
    (tmp_path / "voicebench_alpacaeval_full.jsonl").write_text('{"prompt": "a"}\n{"prompt": "b"}\n{"prompt": "c"}\n')
    write_sounds(tmp_path, *(f"voicebench_alpacaeval_full-{n}.wav" for n in range(3)))
    items, out = alpacaeval.load(tmp_path), tmp_path / "out.jsonl"
    list(alpacaeval.run(Talker("Well."), items, out))
    judge = Judge({"name": "fake"}, grader)
    best = alpacaeval.score(items, read_answers(out), judge, tmp_path / "v.jsonl")
    assert (best["grade"], best["judge"]["name"]) == (5, "fake")
    some = Answers({items[0].id: "Well.", items[1].id: "vague", items[2].id: ""})
    found = alpacaeval.score(items, some, judge, tmp_path / "v.jsonl")
    assert found["grade"] == 5 / 3 and found["unreadable"] == 1
    assert alpacaeval.score(items, Answers({}), judge, tmp_path / "v.jsonl")["grade"] == 0


def test_the_stand_in_is_labelled_and_the_published_sample_loads(tmp_path: Path) -> None:
    items = alpacaeval.load(benchmarks() / "samples")
    answers = Answers({item.id: "Something." for item in items})
    found = alpacaeval.score(items, answers, stand_in_judge(), tmp_path / "v.jsonl")
    assert len(items) == 10 and found["grade"] == 3 and found["judge"]["stand_in"] is True
