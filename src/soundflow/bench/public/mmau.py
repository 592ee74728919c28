"""MMAU test-mini: multiple choice about sound, music and speech; asked in writing, or aloud before the clip.

Layout: mmau-test-mini.json beside test-mini-audios/; for questions asked aloud spoken/<id>.wav too. Tests:
tests/bench/public/test_mmau.py.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from soundflow.bench.provenance import Provenance
from soundflow.bench.public.beside import mean_beside
from soundflow.bench.public.items import Hear, Item, find_file, hear_items, rows_of, sound_of, unanswered
from soundflow.bench.rows import Answers, Row
from soundflow.bench.score import percent, score_rows
from soundflow.bench.scorers.mmau import bare_choice, matches_choice
from soundflow.errors import InputError

ASK_FOR_ONE = "Select one option from the provided choices without explain."  # UltraEval-Audio's wording
SPOKEN_CHOICES = 4  # the paper's audio instructions: items with exactly four choices, 948 of 1000
_GROUPS = ("task", "difficulty", "sub-category")


def load(folder: Path) -> tuple[Item, ...]:
    """Every item of test-mini, its question in writing.

    Raises:
        InputError: no such file in the folder, or an item without one of its fields.
    """
    return tuple(_item(row, (sound_of(folder, row.text("audio_id")),), written=True) for row in _rows(folder))


def load_spoken(folder: Path) -> tuple[Item, ...]:
    """The items with four choices, their questions asked aloud: the spoken question first, then the clip.

    Raises:
        InputError: as `load`.

    Source: the paper's audio instructions; order, gap and the restriction to four choices are our reading.
    """
    rows = [row for row in _rows(folder) if len(row.texts("choices")) == SPOKEN_CHOICES]
    return tuple(
        _item(row, (folder / "spoken" / f"{row.text('id')}.wav", sound_of(folder, row.text("audio_id"))), written=False)
        for row in rows
    )


def run(hear: Hear, items: Sequence[Item], out: Path, about: Provenance | None = None) -> Iterator[Item]:
    """Each clip in a stream of its own."""
    return hear_items(hear, items, out, about=about)


def score(items: Sequence[Item], answers: Answers) -> dict[str, Any]:
    """Percent right by the string rule: pooled, by task, difficulty and sub-category, and with lead-ins stripped.

    The released script skips rows without an output; its figure stands under `released_skips_missing`.
    """
    rows = rows_of(items, answers, "prediction")
    right = [bool(one["match"]) for one in score_rows("mmau", rows).rows]
    bare = [
        matches_choice(
            row.text("answer"), row.texts("choices"), bare_choice(row.answer("prediction"), row.texts("choices"))
        )
        for row in rows
    ]
    answered = [one for item, one in zip(items, right, strict=True) if item.id in answers.outputs]
    empty = percent([bool(one["match"]) for one in score_rows("mmau", rows_of(items, Answers({}), "prediction")).rows])
    return {
        "accuracy": percent(right),
        **mean_beside("accuracy", [percent([one]) for one in right], empty),
        "accuracy_lead_in_stripped": percent(bare),
        "released_skips_missing": percent(answered),
        **{f"by_{group}": _grouped(rows, right, group) for group in _GROUPS},
        **unanswered(items, answers),
    }


def _rows(folder: Path) -> list[Row]:
    path = find_file(folder, "mmau-test-mini.json", "mmau_test_mini.json")
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError("mmau.json", f"cannot read {path}: {error}", "it is a list of objects") from error
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise InputError("mmau.json", f"{path} is no list of objects", "take mmau-test-mini.json as published")
    return [Row(one, f"{path}, item {number}") for number, one in enumerate(found, 1)]


def _item(row: Row, sounds: tuple[Path, ...], written: bool) -> Item:
    choices = row.texts("choices")
    options = " ".join(f"({chr(ord('A') + number)}) {choice}" for number, choice in enumerate(choices))
    question = f"{row.text('question')}\n{ASK_FOR_ONE}\n{options}" if written else None
    row.text("answer")  # its absence shows at loading, not after hours of listening
    return Item(row.text("id"), sounds, question, dict(row.values))


def _grouped(rows: Sequence[Row], right: Sequence[bool], group: str) -> dict[str, dict[str, float]]:
    groups: dict[str, list[bool]] = defaultdict(list)
    for row, one in zip(rows, right, strict=True):
        groups[str(row.values.get(group))].append(one)
    return {name: {"accuracy": percent(group), "items": len(group)} for name, group in groups.items()}
