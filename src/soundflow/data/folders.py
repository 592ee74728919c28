"""Many clips, or many streams, into a folder: what is finished is kept, what is bad is left out with a reason.

A result is written under a temporary name and renamed, so that a job that was killed goes on where it stood. Knows
nothing of the command line. Tests: tests/data/test_folders.py.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from soundflow.atomic import replacing, write_text
from soundflow.audio.decode import file_name, read_audio, write_wav
from soundflow.audio.pcm import SAMPLE_RATE
from soundflow.data.clips import Clip, ClipStore, clips_sha256
from soundflow.data.render import render
from soundflow.data.streams import StreamConfig, bench_config, stream
from soundflow.data.tfjp import TfjpConfig, tfjp
from soundflow.data.timeline import Timeline, write_timeline
from soundflow.errors import InputError, OutsideError, UsageError

Samples = NDArray[np.float32]
Told = Callable[[str, float], None]  # what was made, and seconds of sound

SOUND_FILES = frozenset((".wav", ".flac", ".ogg", ".mp3"))  # what a folder is searched for
MOST_SECONDS = 1200.0  # of one recording: its whole spectrum stands in memory, about 1 MB a second
RECIPE_NAME = "streams.json"  # beside the streams: what they were made from
REJECTED_NAME = "rejected.json"


@dataclass
class Outcome:
    """How many results were written now and how many stood there before, seconds written, and what was left out."""

    written: int = 0
    kept: int = 0
    seconds: float = 0.0
    rejected: dict[str, str] = field(default_factory=dict)  # name: reason

    def to_dict(self) -> dict[str, Any]:
        """Seconds rounded to milliseconds."""
        return {**self.__dict__, "seconds": round(self.seconds, 3)}


def second_name(sound: Path, target: Path) -> None:
    """Give a sound a second name, or copy it where the disk has only one name for a file.

    What is there already stays, and several processes may do the same at once; a path that leads out of its folder is
    left to `ClipStore` to refuse.

    Raises:
        OSError: the disk refuses.
    """
    if target.exists() or ".." in target.parts or not sound.is_file():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(sound.resolve(), target)
    except FileExistsError:
        return  # another process was first
    except OSError:  # another disk, or a file that is not ours
        with replacing(target) as temporary:
            shutil.copyfile(sound, temporary)


def sound_files(paths: Iterable[Path], out: Path) -> dict[Path, Path]:
    """Where each sound goes: a file to its own name, a folder's files to their places in it; always as wav.

    Raises:
        InputError: two sounds would go to the same place, or none was found.
    """
    places: dict[Path, Path] = {}
    for path in paths:
        inside = sorted(p for p in path.rglob("*") if p.suffix.lower() in SOUND_FILES) if path.is_dir() else [path]
        for source in inside:
            name = source.relative_to(path) if path.is_dir() else Path(source.name)
            target = out / name.with_suffix(".wav")
            if places.setdefault(target, source) != source:
                message = f"{places[target]} and {source} would both become {target}"
                raise InputError("folders.same_name", message, "rename one of them, or use two folders")
    if not places:
        raise InputError("folders.no_sound", "there is no sound file to work on", "name files, or a folder of them")
    return {source: target for target, source in places.items()}


def sound_seconds(places: Iterable[Path]) -> float:
    """How long the recordings last by their headers; one that has none counts nothing."""
    seconds = 0.0
    for path in places:
        with suppress(RuntimeError, TypeError, OSError):
            seconds += float(soundfile.info(file_name(path)).duration)
    return seconds


def preprocess_file(source: Path, target: Path, config: TfjpConfig | None = None) -> float:
    """TFJP of one recording into a wav file; seconds of the recording.

    Raises:
        InputError: the recording cannot be read, is all silence (`tfjp.silent`) or too long (`tfjp.too_long`).
        OutsideError: the result cannot be written.
    """
    samples = read_audio(source)
    seconds = len(samples) / SAMPLE_RATE
    if seconds > MOST_SECONDS:
        message = f"{source} lasts {seconds:.0f} s, expected at most {MOST_SECONDS:.0f}"
        raise InputError("tfjp.too_long", message, "cut it into clips")
    result = tfjp(samples, config)
    if result.empty or not len(result.samples):
        raise InputError("tfjp.silent", f"there is nothing but silence in {source}", "leave it out")
    _make(target.parent)
    write_wav(target, result.samples)
    return seconds


def preprocess_new(source: Path, target: Path) -> float:
    """TFJP of one recording into a wav file that takes no recording's place; seconds of the recording.

    What `clips/*.wav` becomes when two match is a recording and a recording, and the second must not be lost. A file of
    the form that results have, 16-bit mono at 16 kHz, is taken for an earlier result and written over.

    Raises:
        UsageError: the target is no .wav (`tfjp.suffix`), the recording itself (`tfjp.same`), or there and no
            result (`tfjp.there`).
        InputError, OutsideError: as `preprocess_file`.
    """
    if target.suffix.lower() != ".wav":
        raise UsageError("tfjp.suffix", f"{target} is no .wav, which the result is", "end its name in .wav")
    if target.exists() and source.exists() and target.samefile(source):
        raise UsageError("tfjp.same", f"{target} is the recording itself", "name another file")
    if target.exists() and not _may_be_a_result(target):
        hint = "name another file or remove it; for several recordings use --out FOLDER"
        raise UsageError("tfjp.there", f"{target} is there and no result of TFJP", hint)
    return preprocess_file(source, target)


def preprocess(places: Mapping[Path, Path], told: Told) -> Outcome:
    """TFJP of many recordings, each to its place; a result younger than its recording is kept."""
    outcome = Outcome()
    for source, target in places.items():
        if _is_younger(target, source):
            outcome.kept += 1
            continue
        try:
            seconds = preprocess_file(source, target)
        except (InputError, OSError) as error:
            outcome.rejected[str(source)] = str(error)
            continue
        outcome.written += 1
        outcome.seconds += seconds
        told("tfjp", seconds)
    return outcome


def compose_file(timeline: Path, target: Path, store: ClipStore | None) -> float:
    """The sound of a timeline into a wav file; its seconds.

    Args:
        timeline: a JSON file.
        store: where the timeline's clips are; None: each names a sound file beside the timeline.

    Raises:
        InputError: the timeline makes no sense, or a clip of it cannot be used.
        OutsideError: the result cannot be written.
    """
    line = _read_timeline(timeline)
    if store is None:
        samples = render(line, lambda name: _beside(timeline, name, True), lambda name: _beside(timeline, name, False))
    else:
        clips = {clip.id: clip for clip in store.clips()}
        samples = render(line, lambda n: store.tfjp_audio(_named(clips, n)), lambda n: store.audio(_named(clips, n)))
    _make(target.parent)
    write_wav(target, samples)
    return len(samples) / SAMPLE_RATE


class StreamFolder:
    """Streams of one split and seed, each a wav and a timeline; number i is the same wherever it is composed.

    Args:
        store: the clips.
        split, seed: which streams.
        out: the folder; made when it is not there.

    Raises:
        InputError: there is no such split, or the folder holds streams made from something else.
    """

    def __init__(self, store: ClipStore, split: str, seed: int, out: Path, config: StreamConfig | None = None) -> None:
        if split not in store.splits:
            message = f"{store.folder} has no split {split!r}"
            raise InputError("folders.no_split", message, f"splits there: {', '.join(store.splits)}")
        self.store, self.split, self.seed, self.out = store, split, seed, out
        self.config = config or bench_config()
        self._claim()

    def place(self, index: int) -> tuple[Path, Path]:
        """Where the sound and the timeline of one stream lie."""
        return self.out / f"{index:06d}.wav", self.out / f"{index:06d}.json"

    def missing(self, count: int) -> list[int]:
        """Which of the first `count` streams are not finished: the timeline is written last."""
        return [i for i in range(count) if not all(path.exists() for path in self.place(i))]

    def compose(self, indices: Sequence[int], told: Told) -> Outcome:
        """Compose and write streams; what was left out stands in rejected.json, clips by id and streams by number."""
        outcome = Outcome()
        for index in indices:
            try:
                made = stream(self.store, self.split, self.seed, index, self.config)
            except InputError as error:
                outcome.rejected[f"stream {index}"] = str(error)
                continue
            sound, line = self.place(index)
            write_wav(sound, made.samples)
            _write(line, partial(write_timeline, made.timeline))
            outcome.written += 1
            outcome.seconds += made.timeline.seconds
            told("composing", made.timeline.seconds)
        outcome.rejected.update(self.store.quarantined)
        if indices:  # else nothing was looked at, and what was found before stands
            _write_json(self.out / REJECTED_NAME, outcome.rejected)
        return outcome

    def _claim(self) -> None:
        """Say in the folder what its streams are made from, or see that it says the same."""
        _make(self.out)
        path = self.out / RECIPE_NAME
        recipe = {
            "split": self.split,
            "seed": self.seed,
            "clips_sha256": clips_sha256(self.store.folder),
            "config": repr(self.config),
        }
        if not path.exists():
            _write_json(path, recipe)
            return
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise InputError("folders.recipe", f"{path} is not readable JSON: {error}", "use another folder") from error
        changed = [name for name, value in recipe.items() if not isinstance(found, dict) or found.get(name) != value]
        if changed:
            message = f"{self.out} holds streams made with another {changed[0]}"
            raise InputError("folders.other_streams", message, "use another folder, or empty this one")


def _read_timeline(path: Path) -> Timeline:
    try:
        return Timeline.from_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("folders.timeline", f"no readable timeline at {path}: {error}", "check the name") from error


def _beside(timeline: Path, name: str, as_event: bool) -> Samples:
    """A sound file that a timeline names, inside the timeline's folder; an event goes through TFJP."""
    folder = timeline.parent.resolve()
    path = (folder / name).resolve()
    if not path.is_relative_to(folder):
        raise InputError("folders.outside", f"the path {name} leads out of {folder}", "keep the sounds beside it")
    samples = read_audio(path)
    return tfjp(samples).samples if as_event else samples


def _named(clips: Mapping[str, Clip], name: str) -> Clip:
    if name not in clips:
        raise InputError("folders.no_clip", f"the clips have none with the id {name!r}", "is it the right folder?")
    return clips[name]


def _may_be_a_result(target: Path) -> bool:
    """Whether a file has the form that results have, or holds nothing yet."""
    if not target.is_file():
        return False
    if target.stat().st_size == 0:
        return True
    try:
        found = soundfile.info(file_name(target))
    except soundfile.LibsndfileError:
        return False
    return (found.format, found.subtype, found.samplerate, found.channels) == ("WAV", "PCM_16", SAMPLE_RATE, 1)


def _is_younger(target: Path, source: Path) -> bool:
    try:
        return target.stat().st_mtime_ns >= source.stat().st_mtime_ns
    except OSError:
        return False


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutsideError("folders.make", f"cannot make the folder {folder}: {error.strerror}") from error


def _write_json(path: Path, value: Mapping[str, Any]) -> None:
    _write(path, lambda target: write_text(target, json.dumps(value, ensure_ascii=False, indent=1) + "\n"))


def _write(path: Path, write: Callable[[Path], None]) -> None:
    try:
        write(path)
    except OSError as error:
        hint = "check the folder and the space left"
        raise OutsideError("folders.write", f"cannot write {path}: {error.strerror}", hint) from error
