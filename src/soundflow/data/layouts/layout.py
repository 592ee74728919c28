"""What a layout is: how a published folder is known, and how its rows become clips.

Knows nothing of any one corpus. Tests: tests/data/layouts/test_layouts.py.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from soundflow.data.clips import Clip

SOUND_FILES = frozenset((".wav", ".flac", ".ogg", ".opus", ".mp3"))
SPLITS = {"train": "train", "training": "train", "tr": "train", "dev": "valid", "valid": "valid", "validation": "valid"}
SPLITS |= {"cv": "valid", "test": "test", "tt": "test", "eval": "test"}
TRAIN_SHARE, VALID_SHARE = 80, 8  # percent of the recordings of a corpus without splits of its own; chosen


@dataclass(frozen=True)
class Fault:
    """Something in a folder that is no clip: where it stands, and why."""

    where: str
    reason: str


Row = TypeVar("Row")
Rows = Iterator[Clip | Fault]


@dataclass(frozen=True)
class Layout:
    """The published form of one corpus.

    `recognises` looks at a folder's own content, never at its name; `clips` reads it, paths relative to the folder, in
    an order that does not change. A clip whose `seconds` are 0 is measured by whoever reads it.
    """

    name: str
    title: str
    page: str
    recognises: Callable[[Path], bool]
    clips: Callable[[Path], Rows]


def each(where: str, rows: Iterable[tuple[int, Row]], make: Callable[[Row], Clip | None]) -> Rows:
    """Numbered rows as clips; None is left out, and a row that lacks something is a fault and stops nothing."""
    for number, row in rows:
        try:
            clip = make(row)
        except (KeyError, ValueError, TypeError, IndexError, AttributeError) as error:
            lacks = f"it has no {error}" if isinstance(error, KeyError) else str(error)
            yield Fault(f"{where}, line {number}", lacks)
            continue
        if clip is not None:
            yield clip


def sounds(folder: Path) -> list[Path]:
    """Every sound file below a folder, sorted."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in SOUND_FILES)


def split_named(name: str) -> str:
    """Our name of a published split: dev and cv are `valid`.

    Raises:
        ValueError: it is none that is known.
    """
    if name.lower() not in SPLITS:
        raise ValueError(f"there is no split {name!r}")
    return SPLITS[name.lower()]


def split_of(recording: str) -> str:
    """The split of a recording where its corpus publishes none: drawn from its name, the same for ever (ruling 12)."""
    drawn = int(hashlib.sha256(recording.encode()).hexdigest()[:8], 16) % 100
    return "train" if drawn < TRAIN_SHARE else "valid" if drawn < TRAIN_SHARE + VALID_SHARE else "test"


def slug(text: str) -> str:
    """A label out of a title: `Dog bark, howl` becomes `dog_bark_howl`."""
    return re.sub(r"[^\w]+", "_", text.lower()).strip("_")
