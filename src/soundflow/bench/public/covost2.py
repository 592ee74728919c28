"""CoVoST 2, English to Chinese and back: speech in one language, text in the other.

Layout: covost_v2.<source>_<target>.tsv beside Common Voice 4's validated.tsv and clips/, or anywhere in the folder with
them; several languages may lie in it. Tests: tests/bench/public/test_covost2.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from pathlib import Path
from typing import Any, Literal

import numpy as np

from soundflow.bench.bootstrap import Counts
from soundflow.bench.provenance import Provenance
from soundflow.bench.public.beside import beside
from soundflow.bench.public.items import Hear, Item, find_file, hear_items, read_table, rows_of, sound_of, unanswered
from soundflow.bench.rows import Answers
from soundflow.bench.score import score_rows
from soundflow.bench.scorers import bleu as bleu_rule
from soundflow.errors import InputError

Direction = Literal["en_zh", "zh_en"]
_TABLES = {"en_zh": "covost_v2.en_zh-CN.tsv", "zh_en": "covost_v2.zh-CN_en.tsv"}
_VALIDATED = {"en_zh": ("validated.tsv", "*validated_en.tsv"), "zh_en": ("validated.tsv", "*validated_zh*.tsv")}
PROMPTS = {  # Qwen2.5-Omni's, as UltraEval-Audio uses them
    "en_zh": "Listen to the provided English speech and produce a translation in Chinese text.",
    "zh_en": "Listen to the provided Chinese speech and produce a translation in English text.",
}
_TOKENIZERS = {"en_zh": bleu_rule.tokenize_zh, "zh_en": bleu_rule.tokenize_13a}
_JOINERS = {"en_zh": "", "zh_en": " "}  # Chinese has no blanks


def load(folder: Path, direction: Direction) -> tuple[Item, ...]:
    """Every clip whose split is exactly `test` and that Common Voice has validated.

    Raises:
        InputError: a table is missing or has no row, a row lacks a column, or no list of validated clips has one of it.
    """
    table = find_file(folder, _TABLES[direction])
    rows = [row for row in read_table(table) if row.text("split") == "test"]
    validated, sentences = _validated(folder, table, direction, {row.text("path") for row in rows})
    return tuple(
        Item(
            Path(row.text("path")).stem,
            (sound_of(validated.parent, row.text("path")),),
            PROMPTS[direction],
            {"ref": row.text("translation"), "source": sentences[row.text("path")]},
        )
        for row in rows
        if row.text("path") in sentences
    )


def run(
    hear: Hear, items: Sequence[Item], out: Path, direction: Direction, about: Provenance | None = None
) -> Iterator[Item]:
    """Each clip in a stream of its own; its pieces are joined as the target language is written."""
    return hear_items(hear, items, out, joiner=_JOINERS[direction], about=about)


def score(items: Sequence[Item], answers: Answers, direction: Direction) -> dict[str, Any]:
    """Corpus BLEU; what is missing stays in as empty."""
    rows = rows_of(items, answers, "hyp")
    total = score_rows(f"bleu_{direction}", rows).total
    counts = [_counts(row.text("ref"), row.answer("hyp"), direction) for row in rows]
    return {"bleu": total["score"], **beside("bleu", counts, 0.0, _bleu), **total, **unanswered(items, answers)}


def _counts(ref: str, hyp: str, direction: Direction) -> tuple[float, ...]:
    """What one row adds to BLEU: matched and all n-grams by order, words of the answer and of the reference."""
    found = bleu_rule.count_ngrams(ref, hyp, _TOKENIZERS[direction])
    return (*found.matched, *found.total, found.hypothesis_words, found.reference_words)


def _bleu(counts: Counts) -> Counts:
    """Corpus BLEU of summed counts [..., 10]."""
    return np.apply_along_axis(_bleu_of_one, -1, counts)


def _bleu_of_one(counts: Counts) -> float:
    *ngrams, said, due = (round(float(count)) for count in counts)
    matched, total = tuple(ngrams[: bleu_rule.ORDERS]), tuple(ngrams[bleu_rule.ORDERS :])
    return bleu_rule.bleu(bleu_rule.NgramCounts(matched, total, said, due))


def _validated(folder: Path, table: Path, direction: Direction, wanted: Set[str]) -> tuple[Path, dict[str, str]]:
    """The list of validated clips that holds the table's, and its sentences: beside the table, or else where it is.

    Every language's list has the same name, so that the first one found may be another's.
    """
    patterns = _VALIDATED[direction]
    beside = [path for pattern in patterns for path in sorted(table.parent.glob(pattern))]
    anywhere = [path for pattern in patterns for path in sorted(folder.rglob(pattern))]
    for path in dict.fromkeys([*beside, *anywhere]):
        sentences = {row.text("path"): row.answer("sentence") for row in read_table(path)}
        if wanted & sentences.keys():
            return path, sentences
    found = f"{folder} holds no {' and no '.join(patterns)} with a test clip of {table.name}"
    raise InputError("covost2.validated", found, "put Common Voice's, of the language that is spoken, beside the table")
