"""LibriSpeech: `SUBSET/SPEAKER/CHAPTER/*.flac` with one `*.trans.txt` a chapter.

Source: OpenSLR 12, its README.TXT. Tests: tests/data/layouts/test_speech.py.
"""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

from soundflow.data.clips import Clip
from soundflow.data.layouts.layout import Layout, Rows, each, split_named
from soundflow.data.layouts.tables import text_lines

_SUBSET = re.compile(r"(train|dev|test)-(clean|other)(-\d+)?$")


def recognises(folder: Path) -> bool:
    """Whether a subset with a transcript is there."""
    return any(next(subset.glob("*/*/*.trans.txt"), None) for subset in _subsets(folder))


def clips(folder: Path) -> Rows:
    """A clip an utterance."""
    for subset in _subsets(folder):
        for chapter in sorted(subset.glob("*/*/*.trans.txt")):
            place = chapter.parent.relative_to(folder).as_posix()
            split = split_named(subset.name.partition("-")[0])
            yield from each(f"{place}/{chapter.name}", text_lines(chapter), partial(_clip, place=place, split=split))


def _subsets(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if _SUBSET.match(path.name) and path.is_dir())


def _clip(line: str, place: str, split: str) -> Clip:
    name, _, text = line.partition(" ")
    if not text:
        raise ValueError("it has no text")
    speaker = name.split("-")[0]
    return Clip(
        id=f"librispeech/{name}",
        path=f"{place}/{name}.flac",
        label="speech_en",
        kind="speech",
        split=split,
        recording=f"librispeech:{speaker}",
        group=f"librispeech:{speaker}",
        licence="CC-BY-4.0",
        source="LibriSpeech",
        extra={"transcript": text.lower(), "language": "en", "speaker": speaker},
    )


LIBRISPEECH = Layout("librispeech", "LibriSpeech", "https://www.openslr.org/12/", recognises, clips)
