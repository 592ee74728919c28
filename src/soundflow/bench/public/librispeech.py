"""LibriSpeech test-clean and test-other: what was said, word for word.

Layout: LibriSpeech/<split>/<speaker>/<chapter>/, flac files beside <speaker>-<chapter>.trans.txt. Tests:
tests/bench/public/test_librispeech.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from soundflow.bench.provenance import Provenance
from soundflow.bench.public.beside import beside
from soundflow.bench.public.items import Hear, Item, hear_items, rows_of, unanswered
from soundflow.bench.rows import Answers
from soundflow.bench.score import score_rows
from soundflow.errors import InputError

Split = Literal["test-clean", "test-other"]
PROMPT = "Detect the language and recognize the speech: <|en|>"  # Qwen2-Audio's


def load(folder: Path, split: Split) -> tuple[Item, ...]:
    """Every utterance of a split with its transcript.

    Raises:
        InputError: no transcript of the split below the folder, or one that is no text, or a line without its text.
    """
    named = (folder if folder.resolve().name == split else None, folder / "LibriSpeech" / split, folder / split)
    root = next((path for path in named if path is not None and path.is_dir()), None)
    if root is None:  # what else lies there may be another split
        raise InputError("librispeech.layout", f"{folder} holds no {split}", f"name the folder that holds {split}")
    files = sorted(root.rglob("*.trans.txt"))
    if not files:
        raise InputError("librispeech.layout", f"{root} holds no *.trans.txt", f"name the folder that holds {split}")
    return tuple(item for path in files for item in _utterances(path))


def run(hear: Hear, items: Sequence[Item], out: Path, about: Provenance | None = None) -> Iterator[Item]:
    """Each utterance in a stream of its own; its pieces are joined with one blank."""
    return hear_items(hear, items, out, about=about)


def score(items: Sequence[Item], answers: Answers) -> dict[str, Any]:
    """The corpus word error rate by Whisper's normal form, as a share, and Qwen2-Audio's beside it."""
    scored = score_rows("wer", rows_of(items, answers, "hyp"))
    total = scored.total
    counts = [
        (float(one["sub"] + one["dele"] + one["ins"]), float(one["sub"] + one["dele"] + one["hits"]))
        for one in scored.rows
        if one["wer"] is not None  # those without a reference are in no sum
    ]
    empty = score_rows("wer", rows_of(items, Answers({}), "hyp")).total["corpus_wer"]
    return {"wer": total["corpus_wer"], **beside("wer", counts, empty), **total, **unanswered(items, answers)}


def _utterances(path: Path) -> Iterator[Item]:
    for number, line in enumerate(_text(path).splitlines(), 1):
        name, _, text = line.strip().partition(" ")
        if not name:
            continue
        if not text:
            raise InputError("librispeech.line", f"{path}, line {number} has no text", "a line is: id TEXT")
        yield Item(name, (path.with_name(f"{name}.flac"),), PROMPT, {"ref": text})


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("librispeech.text", f"cannot read {path}: {error}", "take the file as published") from error
