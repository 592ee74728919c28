"""A user's own lines, looked at before they are used: what is wrong, where, and how to mend it.

Reads clips.jsonl (with labels.json and the sounds beside it), timelines, and what `check_lines` knows: text,
StreamAudio-2M, the release's training.
Tests: tests/data/build/test_check.py.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import soundfile

from soundflow.data.build import check_lines
from soundflow.data.clips import Clip
from soundflow.data.import_lines import form_of
from soundflow.data.json_lines import lines_of
from soundflow.data.timeline import Timeline, chunk_of
from soundflow.errors import InputError, SoundflowError

CLIP_NAMES = frozenset(Clip.__dataclass_fields__) - {"extra"}
KINDS = ("event", "background", "speech", "music")
NEEDED = ("path", "label")


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong; `line` counts from 1, 0 stands for the whole file."""

    file: str
    line: int
    field: str
    wrong: str
    mend: str

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    def __str__(self) -> str:
        where = f"{self.file}, line {self.line}" if self.line else self.file
        return f"{where}: {self.field + ': ' if self.field else ''}{self.wrong} — {self.mend}"


def check(path: Path) -> Iterator[Problem]:
    """Look at a folder of clips, or at one file of lines.

    Raises:
        InputError: there is nothing to look at.
    """
    if path.is_dir():
        yield from _clips(path)
        return
    first = next((row for _, row in _rows(path) if isinstance(row, dict)), {})
    if "events" in first:
        yield from _each(path, _timeline)
    elif "path" in first or "label" in first:
        yield from _clips(path.parent, path.name)
    elif "timeline" in first and "beside" in first:
        yield from _each(path, check_lines.imported)
    else:
        yield from _others(path, first)


def _others(path: Path, first: Mapping[str, Any]) -> Iterator[Problem]:
    try:
        form = form_of(first)
    except InputError as error:
        hint = f"{error.hint}; clips have path and label, timelines have events"
        yield Problem(path.name, 0, "", f"no kind of line that this package reads: {error.message}", hint)
        return
    looks: dict[str, Callable[[Mapping[str, Any]], Found]] = {
        "streamaudio": partial(check_lines.published, folder=path.parent),
        "release": partial(check_lines.release, folder=path.parent),
    }
    yield from _each(path, looks.get(form, check_lines.text))


def _clips(folder: Path, name: str = "clips.jsonl") -> Iterator[Problem]:
    labels = yield from _labels(folder / "labels.json")
    seen: dict[str, int] = {}
    splits: dict[str, tuple[str, int]] = {}
    for number, row in _rows(folder / name):
        if not isinstance(row, dict):
            yield Problem(name, number, "", f"not a JSON object: {row}", "write one object a line")
            continue
        for field, wrong, mend in (*_fields(row), *_sound(folder, row), *_label(row, labels)):
            yield Problem(name, number, field, wrong, mend)
        clip = str(row.get("id") or row.get("path"))
        if clip in seen:
            yield Problem(name, number, "id", f"{clip!r} stands in line {seen[clip]} too", "give every clip its own id")
        seen.setdefault(clip, number)
        recording, split = str(row.get("recording") or clip), str(row.get("split") or "test")
        other, at = splits.setdefault(recording, (split, number))
        if other != split:
            wrong = f"recording {recording!r} is in {other} (line {at}) and in {split}"
            yield Problem(name, number, "split", wrong, "keep a recording in one split, or scores will be too good")


Found = Iterator[tuple[str, str, str]]  # field, what is wrong, how to mend it


def _fields(row: Mapping[str, Any]) -> Found:
    for name in NEEDED:
        if not row.get(name):
            near = difflib.get_close_matches(name, [key for key in row if key not in CLIP_NAMES], n=1, cutoff=0.5)
            yield name, "it is missing", f"rename {near[0]!r}" if near else f"add {name!r}"
    if row.get("kind") is not None and row["kind"] not in KINDS:
        yield "kind", f"{row['kind']!r} is no kind", f"one of {', '.join(KINDS)}"
    if "proactive" in row and row["proactive"] not in (True, False, None):
        yield "proactive", f"{row['proactive']!r} is neither true, false nor null", "true speaks, false stays silent"
    if not row.get("licence"):
        yield "licence", "it is missing", "say under which licence the recording may be used, or 'unknown'"


def _sound(folder: Path, row: Mapping[str, Any]) -> Found:
    if not row.get("path"):
        return
    place = (folder / str(row["path"])).resolve()
    if not place.is_relative_to(folder.resolve()):
        yield "path", f"{row['path']} leads out of the folder", "keep the sounds inside it"
    elif not place.exists():
        yield "path", f"there is no file {row['path']}", "check the name, or take the line out"
    else:
        yield from _heard(place, row)


def _heard(place: Path, row: Mapping[str, Any]) -> Found:
    try:
        info = soundfile.info(place)
    except (RuntimeError, OSError):
        yield (
            "path",
            f"{row['path']} is no sound that can be read",
            "wav, flac, ogg or mp3; ffmpeg converts most others",
        )
        return
    seconds = row.get("seconds")
    if isinstance(seconds, int | float) and abs(float(info.duration) - float(seconds)) > 0.1:
        yield "seconds", f"it says {seconds}, the file lasts {info.duration:.3f}", f"write {info.duration:.3f}"
    if info.duration < 0.15:
        yield "path", f"{row['path']} lasts {info.duration:.3f} s", "clips below 0.15 s are of no use; leave it out"


def _label(row: Mapping[str, Any], labels: Mapping[str, Any] | None) -> Found:
    label = row.get("label")
    if labels and label and row.get("kind", "event") == "event" and label not in labels:
        near = difflib.get_close_matches(str(label), list(labels), n=1)
        yield "label", f"labels.json has no {label!r}", f"did you mean {near[0]!r}?" if near else "add it there"


def _labels(path: Path) -> Any:
    """The labels, or None; a file that is no JSON is one problem."""
    if not path.exists():
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        yield Problem(path.name, 0, "", f"not readable JSON: {error}", "write one object, a label a key")
        return None
    return found if isinstance(found, dict) else None


def _timeline(row: Mapping[str, Any]) -> Found:
    try:
        line = Timeline.from_values(row)
        chunks = round(line.seconds / line.chunk_seconds)
        for index, event in enumerate(line.events):
            if not 0 <= event.onset < event.end <= line.seconds + 1e-3:
                yield (
                    f"events[{index}]",
                    f"it sounds from {event.onset} to {event.end} s of {line.seconds}",
                    "mend the times",
                )
            if event.reply is not None and chunk_of(event.cue, line.chunk_seconds) >= chunks:
                yield f"events[{index}].cue", f"{event.cue} s is past the last chunk", "end the stream later"
    except SoundflowError as error:
        named = re.search(r"'(\w+)'", error.message)
        yield named[1] if named else "", error.message, error.hint
    except (TypeError, ZeroDivisionError) as error:
        yield "", f"a value of the wrong kind: {error}", "see docs/reference/timeline.md"


def _each(path: Path, look: Callable[[Mapping[str, Any]], Found]) -> Iterator[Problem]:
    for number, row in _rows(path):
        if not isinstance(row, dict):
            yield Problem(path.name, number, "", f"not a JSON object: {row}", "write one object a line")
            continue
        for field, wrong, mend in look(row):
            yield Problem(path.name, number, field, wrong, mend)


def _rows(path: Path) -> Iterator[tuple[int, Any]]:
    """Line number and value; a line that is no JSON gives its error's text."""
    try:
        lines = lines_of(path)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("check.unreadable", f"no readable lines at {path}: {error}", "check the name") from error
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except ValueError as error:
                yield number, str(error)
