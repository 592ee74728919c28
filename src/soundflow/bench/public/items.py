"""Items of a benchmark, and a model's answers to them: heard as streams, written one by one.

Knows nothing of any one benchmark. Tests: tests/bench/public/test_items.py.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from soundflow.audio.decode import read_audio
from soundflow.audio.pcm import SAMPLE_RATE
from soundflow.bench.provenance import Provenance, answered
from soundflow.bench.rows import Answers, Row, append_row
from soundflow.bench.scoring import SpokenReply
from soundflow.errors import InputError

Samples = NDArray[np.float32]
Hear = Callable[[Samples, str | None], Sequence[SpokenReply]]  # a stream and its instruction → what was said

GAP_SECONDS = 0.4  # between sounds of one item; chosen: one chunk
TAIL_SECONDS = 2.0  # of silence behind the last sound, in which it may still be answered; chosen: five chunks
_SOUNDS = (".wav", ".flac", ".mp3", ".ogg")


@dataclass(frozen=True)
class Item:
    """One question of a benchmark: what is heard, what is asked in words, and what the scorer needs to know."""

    id: str
    sounds: tuple[Path, ...]
    instruction: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)


def hear_items(
    hear: Hear, items: Sequence[Item], out: Path, joiner: str = " ", about: Provenance | None = None
) -> Iterator[Item]:
    """Hear each item in a stream of its own and write what was said; what the file holds already is not heard again.

    An item whose sound cannot be read gets no row, and is then counted as missing.

    Args:
        hear: a fresh session over one stream.
        out: predictions, JSON lines of `id` and `output`.
        joiner: between the replies of one stream; nothing for Chinese.
        about: further fields of each row: who answers, and under which circumstances.

    Yields:
        Each item as it is done, those of an earlier run too.

    Raises:
        InputError: not one sound of the benchmark is there, or the file holds answers of others.
        OutsideError: the predictions cannot be written.
    """
    if not any(path.is_file() for item in items for path in item.sounds):
        first = items[0].sounds[0] if items and items[0].sounds else "its recordings"
        raise InputError("bench.audio", f"no recording of the benchmark is there, not even {first}", "see its layout")
    done = answered(out, about or {})
    for item in items:
        if item.id not in done and (stream := _stream(item)) is not None:
            said = joiner.join(reply.text for reply in hear(stream, item.instruction))
            append_row(out, {"id": item.id, "output": said, **(about or {})})
        yield item


def rows_of(items: Sequence[Item], answers: Answers, name: str) -> list[Row]:
    """Each item's fields with the model's words under a name: what a scorer takes; missing ones are empty."""
    return [
        Row({**item.fields, "id": item.id, name: answers.outputs.get(item.id, "")}, f"item {item.id}") for item in items
    ]


def unanswered(items: Sequence[Item], answers: Answers) -> dict[str, Any]:
    """Items without a row and items with an empty one: both count as wrong, and are shown."""
    missing = [item.id for item in items if item.id not in answers.outputs]
    empty = [item.id for item in items if item.id in answers.outputs and not answers.outputs[item.id].strip()]
    return {"items": len(items), "missing": missing, "empty": empty}


def faults(items: Sequence[Item], answers: Answers) -> dict[str, Any]:
    """What of a predictions file was not used, or not as its writer may think: of two rows with one id the last is."""
    known = {item.id for item in items}
    return {
        "duplicate_ids": sorted(set(answers.duplicates)),
        "unknown_ids": sorted(set(answers.outputs) - known),
        "rows_without_id": answers.without_id,
        "broken_lines": list(answers.broken),
    }


def read_table(path: Path, delimiter: str = "\t", quoted: bool = False) -> list[Row]:
    """The rows of a table with a head line, each with its place.

    Args:
        quoted: whether fields may stand in quotes; where not, a backslash escapes, as in Common Voice.

    Raises:
        InputError: no such file, or no row in it.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            if quoted:
                found = list(csv.DictReader(file, delimiter=delimiter))
            else:
                found = list(csv.DictReader(file, delimiter=delimiter, quoting=csv.QUOTE_NONE, escapechar="\\"))
    except OSError as error:
        raise InputError("bench.file", f"cannot read {path}: {error.strerror}", "see the benchmark's layout") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError("bench.table", f"{path} is no table: {error}", "see the benchmark's layout") from error
    if not found:
        raise InputError("bench.empty", f"{path} holds no rows", "see the benchmark's layout")
    return [
        Row({k: v for k, v in row.items() if k and v is not None}, f"{path}, row {n}") for n, row in enumerate(found, 1)
    ]


def find_file(folder: Path, *patterns: str) -> Path:
    """The first file that fits, by the order of the patterns; anywhere below the folder.

    Raises:
        InputError: none fits.
    """
    for pattern in patterns:
        for path in sorted(folder.rglob(pattern)):
            return path
    raise InputError("bench.layout", f"{folder} holds no {' and no '.join(patterns)}", "see the benchmark's layout")


def sound_of(folder: Path, name: str) -> Path:
    """A recording by name: in the folder, in `audio`, `wav` or `clips` below it, with another ending than named too."""
    parts = [part for part in Path(name).parts if part not in (".", "..", "/")]
    named = folder.joinpath(*parts)
    stems = [named, *(folder / sub / named.name for sub in ("audio", "audios", "wav", "clips"))]
    candidates = [*stems, *(stem.with_suffix(ending) for stem in stems for ending in _SOUNDS)]
    return next((path for path in candidates if path.is_file()), named)


def _stream(item: Item) -> Samples | None:
    """The item's sounds with gaps between and silence behind, or None where one cannot be read."""
    try:
        sounds = [read_audio(path) for path in item.sounds]
    except InputError:
        return None
    gap = np.zeros(round(GAP_SECONDS * SAMPLE_RATE), np.float32)
    tail = np.zeros(round(TAIL_SECONDS * SAMPLE_RATE), np.float32)
    parts = [part for sound in sounds for part in (gap, sound)][1:]
    return np.concatenate([*parts, tail])
