"""AudioSet: the segment tables and, beside them, whatever of the videos' sound somebody has.

Google publishes tables, not sound; a file is known by its video's id: `ID.wav`, `YID.wav`, `ID_30.flac`. Videos without
a file are passed over, files without a row are faults. Source: research.google.com/audioset/download.html.
Tests: tests/data/layouts/test_sounds.py.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path

from soundflow.data.clips import Clip
from soundflow.data.layouts.layout import Fault, Layout, Rows, slug, sounds
from soundflow.data.layouts.tables import comma_rows, text_lines
from soundflow.errors import InputError

SPLITS = {
    "balanced_train_segments.csv": "train",
    "unbalanced_train_segments.csv": "train",
    "eval_segments.csv": "test",
}
LICENCE = "unknown (YouTube; the labels are CC-BY-4.0)"
_NAME = re.compile(r"(?P<id>.{11})(?=$|[_.])")  # a video's id has eleven characters
_PREFIXED = re.compile(r"Y(?P<id>.{11})(?=$|[_.])")


def recognises(folder: Path) -> bool:
    """Whether one of the segment tables is there."""
    return any(_tables(folder))


def clips(folder: Path) -> Rows:
    """A clip a sound file; what it holds are the names of all its labels, the first is its label."""
    files = sounds(folder)
    wanted = {video for path in files for video in _videos(path)}
    names = _names(folder)
    rows: dict[str, tuple[str, float, list[str]]] = {}
    for table in _tables(folder):
        for number, line in text_lines(table):
            if line.startswith("#"):
                continue
            try:
                video, start, _, labels = next(csv.reader([line], skipinitialspace=True))
                if video in wanted:
                    said = [names.get(mid, mid) for mid in labels.split(",")]
                    rows[video] = SPLITS[table.name], float(start), said
            except (ValueError, csv.Error) as error:
                yield Fault(f"{table.name}, line {number}", f"it is no video, start, end and labels: {error}")
    for path in files:
        where = path.relative_to(folder).as_posix()
        known = next((name for name in _videos(path) if name in rows), None)
        yield Fault(where, "no segment table names this video") if known is None else _clip(known, where, *rows[known])


def _clip(video: str, path: str, split: str, start: float, labels: list[str]) -> Clip:
    return Clip(
        id=f"audioset/{video}",
        path=path,
        label=slug(labels[0]),
        kind=_kind(labels),
        split=split,
        recording=f"youtube:{video}",
        group=f"youtube:{video}",
        licence=LICENCE,
        source="AudioSet",
        extra={"caption": ", ".join(labels), "labels": labels, "video_start": start},
    )


def _tables(folder: Path) -> Iterator[Path]:
    for place in (folder, folder / "csv", folder / "metadata"):
        yield from (place / name for name in SPLITS if (place / name).is_file())


def _videos(path: Path) -> list[str]:
    found = (pattern.match(path.stem) for pattern in (_NAME, _PREFIXED))
    return [match["id"] for match in found if match]


def _names(folder: Path) -> dict[str, str]:
    """Display names by label id, from the class table or the ontology, whichever is there.

    Raises:
        InputError: the ontology cannot be read (`layout.table`).
    """
    for place in (folder, folder / "csv", folder / "metadata"):
        table, ontology = place / "class_labels_indices.csv", place / "ontology.json"
        if table.is_file():
            rows = comma_rows(table)
            return {row["mid"]: row["display_name"] for _, row in rows if "mid" in row and "display_name" in row}
        if ontology.is_file():
            try:
                return {node["id"]: node["name"] for node in json.loads(ontology.read_text(encoding="utf-8"))}
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise InputError(
                    "layout.table", f"no readable table at {ontology}: {error!r}", "fetch it again"
                ) from error
    return {}


def _kind(labels: list[str]) -> str:
    if "Music" in labels:
        return "music"
    return "speech" if labels[0] == "Speech" else "event"


AUDIOSET = Layout("audioset", "AudioSet", "https://research.google.com/audioset/", recognises, clips)
