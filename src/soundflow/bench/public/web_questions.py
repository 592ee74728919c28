"""Web Questions, spoken: questions with lists of answers; each group makes its own audio.

Layout: web_questions.csv (question, answers, audio_filename) beside the audio, as OpenAudioBench has it, or JSON lines
(qId, qText, answers) with <qId>.wav. Tests: tests/bench/public/test_web_questions.py.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from soundflow.bench.provenance import Provenance
from soundflow.bench.public import llama_questions
from soundflow.bench.public.items import Hear, Item, find_file, hear_items, read_table, sound_of
from soundflow.bench.rows import Answers, read_rows


def load(folder: Path) -> tuple[Item, ...]:
    """Every question with its answers; the audio is the instruction.

    Raises:
        InputError: no such file in the folder, or a row without one of its fields.
    """
    path = find_file(folder, "web_questions*.csv", "web_questions*.jsonl")
    if path.suffix == ".jsonl":
        return tuple(
            _item(
                row.text("qId"),
                sound_of(path.parent, f"{row.text('qId')}.wav"),
                row.text("qText"),
                row.texts("answers"),
            )
            for row in read_rows(path)
        )
    return tuple(
        _item(
            Path(row.text("audio_filename")).stem,
            sound_of(path.parent, row.text("audio_filename")),
            row.text("question"),
            _answers(row.text("answers")),
        )
        for row in read_table(path, ",", quoted=True)
    )


def run(hear: Hear, items: Sequence[Item], out: Path, about: Provenance | None = None) -> Iterator[Item]:
    """Each question in a stream of its own."""
    return hear_items(hear, items, out, about=about)


def score(items: Sequence[Item], answers: Answers) -> dict[str, Any]:
    """As Llama Questions."""
    return llama_questions.score(items, answers)


def _item(name: str, sound: Path, question: str, answers: Sequence[str]) -> Item:
    return Item(name, (sound,), fields={"question": question, "answers": list(answers)})


def _answers(cell: str) -> list[str]:
    """A list as JSON or Python writes it, or else the one answer that stands there."""
    try:
        found = ast.literal_eval(cell)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return [cell]
    return [str(one) for one in found] if isinstance(found, list) else [cell]
