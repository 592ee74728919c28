"""SD-QA as in VoiceBench: spoken questions with a reference, judged by PEDANT and by a judge's majority.

Layout: sd-qa, split usa (553 rows: prompt, reference, audio), as parquet or JSON lines. Tests:
tests/bench/public/test_sd_qa.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from soundflow.bench.judge import Judge, judge_rows
from soundflow.bench.provenance import Provenance
from soundflow.bench.public.beside import mean_beside
from soundflow.bench.public.items import Hear, Item, hear_items, rows_of, unanswered
from soundflow.bench.public.voicebench import load_subset
from soundflow.bench.rows import Answers
from soundflow.bench.score import score_rows

_FILES = ("sd-qa/usa-*.parquet", "usa-*.parquet", "*sd[-_]qa*.jsonl")


def load(folder: Path) -> tuple[Item, ...]:
    """Every question of the split `usa`, on which the leaderboard stands.

    Raises:
        InputError, OutsideError: as `load_subset`.
    """
    return load_subset(folder, _FILES, ("prompt", "reference"))


def run(hear: Hear, items: Sequence[Item], out: Path, about: Provenance | None = None) -> Iterator[Item]:
    """Each question in a stream of its own."""
    return hear_items(hear, items, out, about=about)


def score(items: Sequence[Item], answers: Answers, judge: Judge, verdicts: Path, pedant: Path) -> dict[str, Any]:
    """The mean of PEDANT's and the judge's percent, an empty or missing reply counted as wrong by both.

    Raises:
        InputError: no PEDANT classifier in the file.
        OutsideError: the judge cannot be reached; the verdicts it gave so far are kept.
    """
    rows = judge_rows(judge, "qa", rows_of(items, answers, "response"), verdicts)
    scored = score_rows("voicebench_qa", rows, pedant)
    total = scored.total
    points = [
        50.0 * (one["pedant"] + one["gpt_majority"]) * bool(row.answer("response").strip())
        for row, one in zip(rows, scored.rows, strict=True)
    ]
    return {
        **total,
        **mean_beside("score", points, 0.0),  # an empty answer is wrong by the rule
        "score": total["empty_as_wrong"]["sd_qa_leaderboard"],
        "judge": judge.about,
        **unanswered(items, answers),
    }
