"""Which streams are looked at: composed out of a folder of clips, or recordings with a timeline beside them.

Tests: tests/analysis/test_sounds.py.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from soundflow.audio.decode import read_audio
from soundflow.bench.listening import Job, Setting, compose_job
from soundflow.data.timeline import SAMPLE_RATE, Timeline
from soundflow.errors import InputError

Samples = NDArray[np.float32]

MOST_SECONDS = 3600.0  # of one stream that is looked at; it is held in memory as a whole; chosen


@dataclass(frozen=True, eq=False)
class Sound:
    """A stream, float32 [n] at 16 kHz mono, and what is known to be in it, if anything is."""

    name: str
    samples: Samples
    timeline: Timeline | None = None

    @property
    def instruction(self) -> str | None:
        """What the model is asked to listen for; None takes its default."""
        return None if self.timeline is None else self.timeline.instruction


@dataclass(frozen=True)
class Streams:
    """So many streams, made one at a time.

    Args:
        name: for people: where they come from.
        identity: equal for equal streams, so that a job which was stopped knows its own.
        make: stream number i, the same at every call.
    """

    name: str
    identity: str
    count: int
    make: Callable[[int], Sound]


def composed_streams(setting: Setting, count: int) -> Streams:
    """The streams that `bench trigger` hears in this setting.

    Raises:
        InputError: the folder has no such split (`analysis.split`).
    """
    store = setting.store
    if setting.split not in store.splits:
        message = f"there is no split {setting.split!r} in {store.folder}"
        raise InputError("analysis.split", message, f"splits there: {', '.join(store.splits)}")
    name = f"{count} {setting.task} streams, split {setting.split}, seed {setting.seed}"
    clips = [f"{clip.id} {clip.label}" for clip in store.clips(split=setting.split)]

    def make(index: int) -> Sound:
        made = compose_job(setting, Job("streams", index))
        return Sound(f"{setting.task} {setting.split} {setting.seed}/{index}", made.samples, made.timeline)

    return Streams(name, _digest([setting.task, setting.split, str(setting.seed), *clips]), count, make)


def recorded_streams(files: Sequence[Path]) -> Streams:
    """Recordings, each with `NAME.timeline.json` beside it where there is one.

    Raises:
        InputError: a file cannot be read, when its turn comes.
    """

    def make(index: int) -> Sound:
        path = files[index]
        return Sound(path.stem, read_audio(path), timeline_beside(path))

    name = ", ".join(path.stem for path in files)
    identity = _digest([name, *(hashlib.sha256(path.read_bytes()).hexdigest() for path in files)])
    return Streams(name, identity, len(files), make)


def timeline_beside(path: Path) -> Timeline | None:
    """What `NAME.timeline.json` beside a recording says is in it; None when there is no such file.

    Raises:
        InputError: the file is no timeline.
    """
    timeline = path.with_name(f"{path.stem}.timeline.json")
    return Timeline.from_json(timeline.read_text(encoding="utf-8")) if timeline.is_file() else None


def gathered(blocks: Iterable[Samples]) -> Samples:
    """Blocks of a source as one array, float32 [n].

    Raises:
        InputError: there is more than an hour of it (`analysis.too_long`).
    """
    whole = beginning(blocks, MOST_SECONDS + 1)
    if len(whole) > MOST_SECONDS * SAMPLE_RATE:
        hint = "cut the recording, or name an early --chunk"
        raise InputError("analysis.too_long", f"more than {MOST_SECONDS:.0f} s of sound", hint)
    return whole


def beginning(blocks: Iterable[Samples], seconds: float) -> Samples:
    """The first seconds of a source, float32 [n]; all of it when it is shorter. What comes later is not read."""
    wanted, heard = round(seconds * SAMPLE_RATE), 0
    kept: list[Samples] = []
    for block in blocks:
        kept.append(block)
        heard += len(block)
        if heard >= wanted:
            break
    return np.concatenate(kept)[:wanted] if kept else np.zeros(0, np.float32)


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
