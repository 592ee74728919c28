"""AlpacaEval as in VoiceBench: spoken requests, replies graded 1 to 5 by a judge.

Layout: alpacaeval_full (636 rows: prompt, audio), as parquet or JSON lines. Tests:
tests/bench/public/test_alpacaeval.py.
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

_FILES = ("alpacaeval_full/*.parquet", "*alpacaeval_full*.parquet", "*alpacaeval_full*.jsonl")


def load(folder: Path) -> tuple[Item, ...]:
    """Every request; the audio is the instruction.

    Raises:
        InputError, OutsideError: as `load_subset`.
    """
    return load_subset(folder, _FILES, ("prompt",))


def run(hear: Hear, items: Sequence[Item], out: Path, about: Provenance | None = None) -> Iterator[Item]:
    """Each request in a stream of its own."""
    return hear_items(hear, items, out, about=about)


def score(items: Sequence[Item], answers: Answers, judge: Judge, verdicts: Path) -> dict[str, Any]:
    """The mean grade; an empty or missing reply, and one whose grade cannot be read, counts as 0.

    Raises:
        OutsideError: the judge cannot be reached; the verdicts it gave so far are kept.
    """
    rows = judge_rows(judge, "open", rows_of(items, answers, "response"), verdicts)
    scored = score_rows("voicebench_open", rows)
    total = scored.total
    grades = [
        one["result"] if row.answer("response").strip() and isinstance(one["result"], float) else 0.0
        for row, one in zip(rows, scored.rows, strict=True)
    ]
    return {
        "grade": total["unreadable_and_empty_as_zero"]["gpt"],
        **mean_beside("grade", grades, 0.0),  # an empty answer counts as 0 by the rule
        "judge": judge.about,
        **total,
        **unanswered(items, answers),
    }
