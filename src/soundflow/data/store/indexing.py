"""Folders of sound and files of text into a store; what is there already is passed over, so a killed job goes on.

A sound that cannot be opened goes to quarantine with its reason; it is looked at again the next time. Vectors come
after the rows and have their own mark of how far they are. Tests: tests/data/store/test_indexing.py.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import soundfile
from numpy.typing import NDArray

from soundflow.audio.decode import read_audio
from soundflow.audio.pcm import SAMPLE_RATE
from soundflow.data.clips import LABELS_NAME, Clip, begin_of, read_labels, read_part
from soundflow.data.layouts.layout import Fault, Layout
from soundflow.data.layouts.recognise import recognise
from soundflow.data.layouts.texts import read_texts
from soundflow.data.store.embedders import HEARD_SECONDS, Embedder, Hearer
from soundflow.data.store.index import ClipIndex, Conversation, Source, clip_words
from soundflow.data.store.vectors import VectorTable
from soundflow.errors import InputError, SoundflowError

BATCH = 500  # rows of one transaction: what a kill loses at most
SOUNDS_AT_ONCE = 32  # clips decoded before they are embedded together
LEAST_SECONDS = 0.15  # shorter clips are of no use to any task
TEXT_FILES = frozenset((".jsonl", ".json", ".parquet"))

Told = Callable[[], None]  # one row more is done
T = TypeVar("T")


@dataclass
class Indexed:
    """What a job did: clips added, clips that were there, rows in quarantine, texts added, vectors there are.

    `moved` clips went into a stricter split, for their recording stands there in another folder.
    """

    added: int = 0
    kept: int = 0
    moved: int = 0
    quarantined: int = 0
    texts: int = 0
    vectors: int = 0
    layouts: Counter[str] = field(default_factory=Counter)

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {**self.__dict__, "layouts": dict(self.layouts)}


def plan(places: Iterable[Path]) -> list[tuple[Path, Layout | None]]:
    """What is to be read: folders with their layout, and files of text with None.

    Raises:
        InputError: a folder has no known layout, or a file is no text (`index.place`).
    """
    found: list[tuple[Path, Layout | None]] = []
    for place in places:
        if place.is_dir():
            found += [(folder.resolve(), layout) for folder, layout in recognise(place)]
        elif place.suffix in TEXT_FILES and place.is_file():
            found.append((place.resolve(), None))
        else:
            hint = "name a folder of sound, or a .jsonl file of text"
            raise InputError("index.place", f"{place} is neither a folder nor a file of JSON lines", hint)
    return found


def count(planned: Iterable[tuple[Path, Layout | None]]) -> int:
    """How many rows there are to look at."""
    return sum(
        sum(1 for _ in (read_texts(place) if layout is None else layout.clips(place))) for place, layout in planned
    )


def index_places(index: ClipIndex, planned: Iterable[tuple[Path, Layout | None]], told: Told) -> Indexed:
    """Add every clip and every text.

    Raises:
        InputError: a corpus's own table cannot be read.
    """
    done = Indexed()
    for place, layout in planned:
        source = index.source(str(place), "texts" if layout is None else layout.name)
        if layout is None:
            _add_texts(index, source, place, done, told)
            continue
        index.add_labels(read_labels(place / LABELS_NAME))
        for batch in _batches(layout.clips(place), BATCH):
            _add_clips(index, source, place, batch, done, told)
        done.layouts[layout.name] += 1
    done.quarantined = sum(1 for _ in index.quarantined())
    return done


def embed(index: ClipIndex, embedder: Embedder, told: Told) -> int:
    """Give every clip that has none a vector; how many there are now. A clip that cannot be heard has none."""
    table = VectorTable(index, embedder.name, embedder.width)
    labels = index.labels()
    for batch in _batches(index.numbered(after_row=table.last_row), SOUNDS_AT_ONCE):
        rows, pieces = list[int](), list[Any]()
        for row, clip in batch:
            piece = _heard(clip) if isinstance(embedder, Hearer) else clip_words(clip, labels.get(clip.label, {}))
            if piece is not None:
                rows.append(row)
                pieces.append(piece)
            told()
        vectors = np.zeros((0, embedder.width), np.float32)
        if rows:
            vectors = embedder.of_sounds(pieces) if isinstance(embedder, Hearer) else embedder.of_texts(pieces)
        table.add(rows, vectors, batch[-1][0])
    return len(table)


def measured(folder: Path, clip: Clip) -> Clip:
    """The clip with its length from the file's own header, where its corpus does not state one.

    Raises:
        InputError: the file is missing, no sound that can be read, or too short (`index.sound`).
    """
    path = folder / clip.path
    hint = "fetch it again, or leave it out"
    if not path.resolve().is_relative_to(folder.resolve()):
        raise InputError("index.sound", f"the path {clip.path} leads out of {folder}", hint)
    if not path.is_file():
        raise InputError("index.sound", f"there is no file {clip.path}", hint)
    try:
        info = soundfile.info(path)
    except (RuntimeError, TypeError, OSError) as error:
        reason = str(error).partition(": ")[2] or str(error)
        raise InputError("index.sound", f"no sound that can be read: {reason}", hint) from error
    begin = begin_of(clip)
    seconds = float(info.duration) if begin is None else clip.seconds
    begin = begin or 0.0
    if begin + seconds > info.duration + 0.1:
        raise InputError("index.sound", f"it ends at {begin + seconds:.2f} s of {info.duration:.2f} s", hint)
    if seconds < LEAST_SECONDS:
        raise InputError("index.sound", f"it lasts {seconds:.3f} s, expected at least {LEAST_SECONDS}", hint)
    return dataclasses.replace(clip, seconds=round(seconds, 4))


def _add_clips(
    index: ClipIndex, source: Source, folder: Path, batch: Sequence[Clip | Fault], done: Indexed, told: Told
) -> None:
    clips, faults = list[Clip](), list[tuple[str, str]]()
    for item in batch:
        if isinstance(item, Fault):
            faults.append((item.where, item.reason))
        elif (home := index.home_of(item.id)) is not None:
            done.kept += home == source.row
            if home != source.row:
                faults.append((item.id, "another folder has a clip of this id"))
        else:
            try:
                clips.append(measured(folder, item))
            except InputError as error:
                faults.append((item.id, error.message))
        told()
    done.moved += index.add(source, clips, faults)
    done.added += len(clips)


def _add_texts(index: ClipIndex, source: Source, path: Path, done: Indexed, told: Told) -> None:
    for batch in _batches(read_texts(path), BATCH):
        texts = [text for text in batch if isinstance(text, Conversation)]
        faults = [(fault.where, fault.reason) for fault in batch if isinstance(fault, Fault)]
        done.texts += index.add_texts(source, texts, faults)
        for _ in batch:
            told()


def _heard(clip: Clip) -> NDArray[np.float32] | None:
    """The start of a clip's sound, or None where there is none to be had."""
    try:
        begin = begin_of(clip)
        if begin is not None:
            return read_part(Path(clip.path), begin, min(clip.seconds, HEARD_SECONDS))
        return read_audio(clip.path)[: round(HEARD_SECONDS * SAMPLE_RATE)]
    except SoundflowError:
        return None


def _batches(items: Iterator[T], size: int) -> Iterator[list[T]]:
    while batch := list(islice(items, size)):
        yield batch
