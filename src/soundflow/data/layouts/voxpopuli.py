"""VoxPopuli, transcribed part: `asr_train.tsv` and the like, utterances under the year they were spoken in.

The form `get_asr_data` of the corpus's own package leaves behind: in a language's folder, or in `transcribed_data/LANG`
above it. Source: facebookresearch/voxpopuli. Tests: tests/data/layouts/test_speech.py.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from soundflow.data.clips import Clip
from soundflow.data.layouts.layout import Layout, Rows, each, split_named
from soundflow.data.layouts.tables import tab_rows

TABLES = {"asr_train.tsv": "train", "asr_dev.tsv": "dev", "asr_test.tsv": "test"}


def recognises(folder: Path) -> bool:
    """Whether a table is there, here or in a language's folder."""
    return bool(_languages(folder))


def clips(folder: Path) -> Rows:
    """A clip an utterance that was written down."""
    for place in _languages(folder):
        for table, split in TABLES.items():
            if (place / table).is_file():
                where = (place / table).relative_to(folder).as_posix()
                make = partial(_clip, place=place.relative_to(folder).as_posix(), split=split)
                yield from each(where, tab_rows(place / table), make)


def _languages(folder: Path) -> list[Path]:
    places = [folder, *sorted(folder.glob("transcribed_data/*")), *sorted(folder.glob("*"))]
    return [place for place in places if any((place / table).is_file() for table in TABLES)]


def _clip(row: dict[str, str], place: str, split: str) -> Clip | None:
    text = row["normalized_text"] or row["raw_text"]
    if not text:
        return None
    name, speaker = row["id"], row["speaker_id"]
    session, _, _ = name.partition("_")
    known = speaker if speaker not in ("", "None") else session
    language = session.rpartition("-")[2] or "und"
    return Clip(
        id=f"voxpopuli/{name}",
        path=f"{place}/{name[:4]}/{name}.ogg".removeprefix("./"),
        label=f"speech_{language}",
        kind="speech",
        split=split_named(split),
        recording=f"voxpopuli:{known}",
        group=f"voxpopuli:{known}",
        licence="CC0-1.0",
        source="VoxPopuli",
        extra={"transcript": text, "language": language, "speaker": known},
    )


VOXPOPULI = Layout("voxpopuli", "VoxPopuli", "https://github.com/facebookresearch/voxpopuli", recognises, clips)
