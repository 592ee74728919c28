"""Llama Questions: 300 spoken questions with one answer each.

Layout: llama_questions_300.tsv (Questions, Answer, Wav Filename) beside its wav files, or a mirror's
llama_questions.csv. Tests: tests/bench/public/test_llama_questions.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from soundflow.bench.provenance import Provenance
from soundflow.bench.public.beside import mean_beside
from soundflow.bench.public.items import Hear, Item, find_file, hear_items, read_table, rows_of, sound_of, unanswered
from soundflow.bench.rows import Answers
from soundflow.bench.score import score_rows


def load(folder: Path) -> tuple[Item, ...]:
    """Every question with its answer; the audio is the instruction.

    Raises:
        InputError: no such table in the folder, or a row without one of its columns.
    """
    path = find_file(folder, "llama_questions*.tsv", "llama_questions*.csv")
    rows = read_table(path, "\t" if path.suffix == ".tsv" else ",", quoted=path.suffix == ".csv")
    audio = "Wav Filename" if "Wav Filename" in rows[0].values else "audio_filename"
    return tuple(
        Item(
            Path(row.text(audio)).stem,
            (sound_of(path.parent, row.text(audio)),),
            fields={"question": row.text("Questions").strip(), "answers": [row.text("Answer")]},
        )
        for row in rows
    )


def run(hear: Hear, items: Sequence[Item], out: Path, about: Provenance | None = None) -> Iterator[Item]:
    """Each question in a stream of its own."""
    return hear_items(hear, items, out, about=about)


def score(items: Sequence[Item], answers: Answers) -> dict[str, Any]:
    """Percent right: the exist match is the figure, lower substring and exact match stand beside it."""
    rows = rows_of(items, answers, "prediction")
    scored = score_rows("spokenqa", rows)
    total = scored.total
    right = [
        100.0 * (one["qa_exist_match"] and bool(row.answer("prediction").strip()))
        for row, one in zip(rows, scored.rows, strict=True)
    ]
    return {
        "accuracy": total["empty_as_wrong"]["qa_exist_match"],
        **mean_beside("accuracy", right, 0.0),  # an empty answer is wrong by the rule
        **total["empty_as_wrong"],
        **unanswered(items, answers),
    }
