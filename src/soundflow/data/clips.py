"""Recordings in a folder or an index: rows in, samples out, each file decoded once.

Knows nothing of streams, tasks or models. The decoded samples of a split lie in one file (`decoded.py`), the clips
after TFJP in a second. Tests: tests/data/test_clips.py.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
import soundfile
from numpy.typing import NDArray

from soundflow.audio.decode import file_name, read_audio
from soundflow.audio.pcm import SAMPLE_RATE
from soundflow.audio.resample import resample
from soundflow.data import stft as stft_module
from soundflow.data import tfjp as tfjp_module
from soundflow.data.decoded import Decoded, open_decoded
from soundflow.data.json_lines import lines_of
from soundflow.data.tfjp import TfjpConfig, tfjp
from soundflow.errors import InputError

Samples = NDArray[np.float32]
Variant = Literal["raw", "tfjp"]
Roots = tuple[Path, ...]  # the folders whose sounds may be read, resolved

CLIPS_NAME, LABELS_NAME = "clips.jsonl", "labels.json"
CACHE_VERSION = 1  # raised when the layout of the cache files changes


@dataclass(frozen=True)
class Clip:
    """One row of clips.jsonl; fields a foreign folder leaves out get a neutral value."""

    id: str
    path: str
    label: str
    kind: str = "event"
    split: str = "test"
    proactive: bool | None = None
    seconds: float = 0.0
    recording: str = ""
    group: str = ""
    licence: str = "unknown"
    source: str = ""
    category: str | None = None
    synthetic: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def content(self) -> str | None:
        """What is said in it, or the instrument that plays; None where nobody knows or the label tells all."""
        return str(self.extra.get("transcript") or self.extra.get("instrument") or "") or None

    def content_of(self, piece: Samples, whole: Samples) -> str | None:
        """`content` of what is left of it: which words are left of speech that was cut, nobody knows."""
        return self.content if len(piece) >= len(whole) or self.kind != "speech" else None


def begin_of(clip: Clip) -> float | None:
    """Where in its recording a clip begins, in seconds; None where it is the whole recording.

    Raises:
        InputError: what its row says is no number (`clips.part`).
    """
    if "begin" not in clip.extra:
        return None
    try:
        return float(clip.extra["begin"])
    except (TypeError, ValueError) as error:
        message = f"it begins at {clip.extra['begin']!r}, expected seconds"
        raise InputError("clips.part", message, "correct its row") from error


def grouped_by_label(clips: Iterable[Clip]) -> dict[str, tuple[Clip, ...]]:
    """Clips by their label, labels sorted; of one label in the order given."""
    groups: dict[str, list[Clip]] = {}
    for clip in clips:
        groups.setdefault(clip.label, []).append(clip)
    return {label: tuple(groups[label]) for label in sorted(groups)}


@dataclass(frozen=True)
class Label:
    """What a label is called and how an assistant should take it."""

    name: str
    display: str
    proactive: bool | None = None
    synonyms: tuple[str, ...] = ()
    advice: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The display name and every synonym: a reply that holds one of them names the sound."""
        return (self.display, *self.synonyms)


def user_cache_dir() -> Path:
    """Where decoded clips lie unless the caller says otherwise."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "soundflow" / "clips"


class ClipStore:
    """Clips with their cache.

    Args:
        folder: holds clips.jsonl, optionally labels.json, and the sound files named in clips.jsonl; or a file that
            `data index` made, here or as `s3://BUCKET/KEY`.
        cache_dir: where decoded samples are kept; None stands for the user's cache folder.

    Raises:
        InputError: the folder has no readable clips.jsonl, or no usable row in it.
        OutsideError: object storage does not answer; later, when samples are asked for: the cache folder cannot be used
            (`clips.cache`).
    """

    def __init__(self, folder: Path | str, cache_dir: Path | str | None = None) -> None:
        self.folder = Path(folder)
        self.cache_dir = Path(cache_dir) if cache_dir is not None else user_cache_dir()
        self._quarantined: dict[str, str] = {}
        self.labels, self._clips, self._roots = _read(folder, self._quarantined)
        self._usable: dict[str, tuple[Clip, ...]] = {}
        self._shards: dict[tuple[str, Variant], Decoded] = {}

    @property
    def quarantined(self) -> Mapping[str, str]:
        """Clips (or lines) left out so far, each with its reason; decoding adds to it."""
        return MappingProxyType(self._quarantined)

    @property
    def splits(self) -> tuple[str, ...]:
        """Names of the splits, sorted."""
        return tuple(sorted({clip.split for clip in self._clips}))

    def clips(
        self,
        split: str | None = None,
        kind: str | None = None,
        label: str | None = None,
        proactive: bool | Literal["any"] | None = "any",
    ) -> tuple[Clip, ...]:
        """The clips that match, in the order of clips.jsonl, without the quarantined ones."""
        return tuple(
            clip
            for clip in self._of_split(split)
            if (kind is None or clip.kind == kind)
            and (label is None or clip.label == label)
            and (proactive == "any" or clip.proactive is proactive)
        )

    def label(self, name: str) -> Label:
        """What is known of a label; one that labels.json lacks gets its own name in plain words."""
        row = self.labels.get(name, {})
        return Label(
            name=name,
            display=str(row.get("display") or name.replace("_", " ").capitalize()),
            proactive=row.get("proactive"),
            synonyms=tuple(str(word) for word in row.get("synonyms") or ()),
            advice=row.get("advice"),
        )

    def audio(self, clip: Clip) -> Samples:
        """The clip's samples, float32 [n], 16 kHz mono; decoded with its whole split at the first call."""
        return self._samples(clip, "raw")

    def tfjp_audio(self, clip: Clip) -> Samples:
        """The clip's samples after TFJP at its standard setting, float32 [n], 16 kHz mono."""
        return self._samples(clip, "tfjp")

    def seconds(self, clip: Clip, after_tfjp: bool = False) -> float:
        """How long the clip's samples last; its row may say otherwise, or nothing."""
        return self._shard(clip.split, "tfjp" if after_tfjp else "raw").samples_of(clip.id) / SAMPLE_RATE

    def prepare(self, split: str, with_tfjp: bool = True) -> None:
        """Decode a split now (once for ever), so that `clips` no longer names what cannot be used."""
        self._shard(split, "raw")
        if with_tfjp:
            self._shard(split, "tfjp")

    def _of_split(self, split: str | None) -> tuple[Clip, ...]:
        if split is None:
            return tuple(clip for clip in self._clips if clip.id not in self._quarantined)
        if split not in self._usable:
            rows = (clip for clip in self._clips if clip.split == split)
            self._usable[split] = tuple(clip for clip in rows if clip.id not in self._quarantined)
        return self._usable[split]

    def _samples(self, clip: Clip, variant: Variant) -> Samples:
        found = self._shard(clip.split, variant).read(clip.id)
        if found is None:
            reason = self._quarantined.get(clip.id, f"the clip is not in {self.folder}")
            raise InputError("clips.unusable", f"clip {clip.id} cannot be used: {reason}", "leave it out")
        return found

    def _shard(self, split: str, variant: Variant) -> Decoded:
        key = (split, variant)
        if key not in self._shards:
            clips = [clip for clip in self._clips if clip.split == split]
            stem = f"{_digest([str(self.folder.resolve()), split, variant])}-"
            content = _digest([str(CACHE_VERSION), *_fingerprint(self.folder, self._roots, clips, variant)])
            shard = open_decoded(self.cache_dir, stem, content, clips, self._source(variant))
            self._shards[key] = shard
            self._quarantined.update(shard.quarantined)
            self._usable.pop(split, None)
        return self._shards[key]

    def _source(self, variant: Variant) -> Callable[[Clip], Samples]:
        return self._decode if variant == "raw" else self._pre_process

    def _decode(self, clip: Clip) -> Samples:
        path = _inside(self.folder, clip.path, self._roots)
        begin = begin_of(clip)
        return read_audio(path) if begin is None else read_part(path, begin, clip.seconds)

    def _pre_process(self, clip: Clip) -> Samples:
        result = tfjp(self.audio(clip))
        if result.empty or not result.samples.size:
            raise InputError("clips.silent", "nothing but silence in it", "leave it out")
        return result.samples


def is_index(folder: Path | str) -> bool:
    """Whether it is a file of `data index`, here or in object storage, and not a folder of clips."""
    return str(folder).startswith("s3:/") or Path(folder).is_file()


def clips_sha256(folder: Path | str) -> str:
    """What a folder or an index says of its clips, as a sha256: it changes whenever a row does.

    Raises:
        InputError: neither a folder with a clips.jsonl nor an index.
    """
    if is_index(folder):
        from soundflow.data.store.remote import opened

        with opened(folder) as index:
            return index.sha256()
    try:
        return hashlib.sha256((Path(folder) / CLIPS_NAME).read_bytes()).hexdigest()
    except OSError as error:
        raise InputError("clips.unreadable", f"no readable {CLIPS_NAME} in {folder}: {error.strerror}") from error


def read_part(path: Path, begin: float, seconds: float) -> Samples:
    """A part of a long recording, float32 [n], 16 kHz mono; nothing before or behind it is read.

    Args:
        begin, seconds: where it starts and how long it lasts, in seconds of the recording.

    Raises:
        InputError: the recording cannot be read, or ends before the part (`clips.part`).
    """
    try:
        with soundfile.SoundFile(file_name(path)) as sound:
            sound.seek(min(round(begin * sound.samplerate), sound.frames))
            heard = sound.read(round(seconds * sound.samplerate), dtype="float32", always_2d=True)
            rate = sound.samplerate
    except (RuntimeError, TypeError, OSError) as error:
        raise InputError("clips.part", f"{path} cannot be read from {begin} s on: {error}", "fetch it again") from error
    if not len(heard):
        raise InputError("clips.part", f"{path} ends before {begin} s, where a clip of it begins", "fetch it again")
    return resample(np.nan_to_num(heard).mean(axis=1), rate)


def _read(folder: Path | str, bad: dict[str, str]) -> tuple[Mapping[str, Mapping[str, Any]], tuple[Clip, ...], Roots]:
    if is_index(folder):
        from soundflow.data.store.remote import opened

        with opened(folder) as index:
            return index.labels(), index.clips(), tuple(Path(source.folder).resolve() for source in index.sources())
    labels = read_labels(Path(folder) / LABELS_NAME)
    return labels, read_clips(Path(folder) / CLIPS_NAME, labels, bad), (Path(folder).resolve(),)


def read_labels(path: Path) -> Mapping[str, Mapping[str, Any]]:
    """What a labels.json says of each label; nothing where there is no such file.

    Raises:
        InputError: it is not an object of objects.
    """
    if not path.exists():
        return {}
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError("clips.labels", f"{path} is not readable JSON: {error}") from error
    if not isinstance(rows, dict) or not all(isinstance(row, dict) for row in rows.values()):
        raise InputError("clips.labels", f"{path} is not an object of objects, one a label")
    return rows


def read_clips(path: Path, labels: Mapping[str, Mapping[str, Any]], bad: dict[str, str]) -> tuple[Clip, ...]:
    """The rows of a clips.jsonl; those that are none go to `bad` with their reason.

    Raises:
        InputError: the file cannot be read, or has no usable row.
    """
    try:
        lines = lines_of(path)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("clips.unreadable", f"no readable {path.name} in {path.parent}: {error}") from error
    clips: dict[str, Clip] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            clip = _clip(json.loads(line), labels)
            if clip.id in clips:
                raise ValueError(f"the id {clip.id} was used before")
            clips[clip.id] = clip
        except (ValueError, TypeError, KeyError) as error:
            bad[f"line {number}"] = f"not a clip: {error!r}"
    if not clips:
        raise InputError(
            "clips.empty", f"{path} has no usable row", "one JSON object a line: id, path, label, kind, split"
        )
    return tuple(clips.values())


def _clip(row: Mapping[str, Any], labels: Mapping[str, Mapping[str, Any]]) -> Clip:
    known = {name: row[name] for name in Clip.__dataclass_fields__ if name != "extra" and row.get(name) is not None}
    path, label = str(row["path"]), str(row["label"])
    clip_id = str(row.get("id") or path)
    defaults = {
        "proactive": row["proactive"] if "proactive" in row else labels.get(label, {}).get("proactive"),
        "recording": clip_id,
        "group": known.get("recording", clip_id),
    }
    extra = {name: value for name, value in row.items() if name not in Clip.__dataclass_fields__}
    return Clip(**{**defaults, **known, "id": clip_id, "path": path, "label": label, "extra": extra})


def _inside(folder: Path, path: str, roots: Roots) -> Path:
    full = (folder / path).resolve()
    if not any(full.is_relative_to(root) for root in roots):
        raise InputError("clips.outside", f"the path {path} leads out of {folder}", "keep the sounds inside the folder")
    return full


def _fingerprint(folder: Path, roots: Roots, clips: list[Clip], variant: Variant) -> Iterable[str]:
    """Changes whenever a file, or what is done to it, changes; a file that may not be read is as good as absent."""
    if variant == "tfjp":
        yield repr(TfjpConfig())
        for module in (tfjp_module, stft_module):
            yield inspect.getsource(module)
    for clip in clips:
        try:
            stat = _inside(folder, clip.path, roots).stat()
            part = f"\0{clip.extra['begin']}\0{clip.seconds}" if "begin" in clip.extra else ""
            yield f"{clip.id}\0{clip.path}\0{stat.st_size}\0{stat.st_mtime_ns}{part}"
        except (InputError, OSError):
            yield f"{clip.id}\0{clip.path}\0absent"


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
