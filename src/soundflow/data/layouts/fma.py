"""FMA: `fma_metadata/tracks.csv` and one or more of `fma_small`, `fma_medium`, `fma_large`, `fma_full`.

The table has two header lines. Each track has the licence its artist gave it. Source: mdeff/fma.
Tests: tests/data/layouts/test_sounds.py.
"""

from __future__ import annotations

import csv
import re
from functools import partial
from pathlib import Path

from soundflow.data.clips import Clip
from soundflow.data.layouts.layout import Layout, Rows, each, slug, sounds, split_named
from soundflow.errors import InputError

TABLE = "fma_metadata/tracks.csv"
FOLDERS = ("fma_small", "fma_medium", "fma_large", "fma_full")

Track = dict[tuple[str, str], str]


def recognises(folder: Path) -> bool:
    """Whether the table and a folder of tracks are there."""
    return (folder / TABLE).is_file() and any((folder / name).is_dir() for name in FOLDERS)


def clips(folder: Path) -> Rows:
    """A clip a file; the same track in a larger folder is passed over."""
    files: dict[str, Path] = {}
    for name in FOLDERS:
        for path in sounds(folder / name) if (folder / name).is_dir() else ():
            files.setdefault(path.stem.lstrip("0"), path)
    tracks = _tracks(folder / TABLE, set(files))
    ordered = sorted(files.items(), key=lambda pair: (len(pair[0]), pair[0]))  # as numbers, and other names among them
    rows = enumerate((path for _, path in ordered), start=1)
    return each("fma", rows, partial(_clip, folder=folder, tracks=tracks))


def licence_of(text: str) -> str:
    """A Creative Commons licence as it is spelled in a table, in the short form we keep.

    Example:
        `Attribution-Noncommercial-Share Alike 3.0 United States` becomes `CC-BY-NC-SA-3.0`.
    """
    lower = text.lower()
    if "public domain" in lower or "cc0" in lower:
        return "CC0-1.0"
    if "attribution" not in lower and "creative commons" not in lower:
        return f"unknown ({text or 'FMA says nothing'})"
    parts = [("NC", "noncommercial"), ("NC", "non-commercial"), ("ND", "deriv"), ("SA", "share")]
    terms = dict.fromkeys(short for short, word in parts if word in lower)
    version = re.search(r"\d\.\d", lower)
    return "-".join(["CC-BY", *terms, *([version[0]] if version else [])])


def _tracks(path: Path, wanted: set[str]) -> dict[str, Track]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.reader(file)
            names = list(zip(next(reader), next(reader), strict=True))
            return {row[0]: dict(zip(names, row, strict=False)) for row in reader if row and row[0] in wanted}
    except (OSError, UnicodeDecodeError, csv.Error, ValueError, StopIteration) as error:
        raise InputError("layout.table", f"no readable table at {path}: {error}", "unpack fma_metadata.zip") from error


def _clip(path: Path, folder: Path, tracks: dict[str, Track]) -> Clip:
    number = path.stem.lstrip("0")
    if number not in tracks:
        raise ValueError(f"tracks.csv has no track {number}")
    track = tracks[number]
    genre, artist = track["track", "genre_top"], f"fma:{track['artist', 'id']}"
    return Clip(
        id=f"fma/{path.stem}",
        path=path.relative_to(folder).as_posix(),
        label=f"music_{slug(genre)}" if genre else "music",
        kind="music",
        split=split_named(track["set", "split"]),
        recording=artist,
        group=artist,
        licence=licence_of(track["track", "license"]),
        source="FMA",
        extra={"title": track["track", "title"], "artist": track["artist", "name"], "caption": genre},
    )


FMA = Layout("fma", "FMA", "https://github.com/mdeff/fma", recognises, clips)
