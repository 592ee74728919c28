"""Common Voice: a language's folder with `clips/` and the tables of validated recordings.

The official train, dev and test tables are taken where they are there (no speaker is in two of them); a download that
has only `validated.tsv` is split by speaker. Source: the corpus's own README.
Tests: tests/data/layouts/test_speech.py.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from soundflow.data.clips import Clip
from soundflow.data.layouts.layout import Layout, Rows, each, split_named, split_of
from soundflow.data.layouts.tables import tab_rows

VALIDATED = "validated.tsv"
OFFICIAL = ("train", "dev", "test")
_NAME_PARTS = 4  # common_voice_en_123.mp3: the third names the language


def recognises(folder: Path) -> bool:
    """Whether the clips and the table of validated ones are there."""
    return (folder / "clips").is_dir() and (folder / VALIDATED).is_file()


def clips(folder: Path) -> Rows:
    """A clip a row."""
    official = [name for name in OFFICIAL if (folder / f"{name}.tsv").is_file()]
    for name in official:
        table = f"{name}.tsv"
        yield from each(table, tab_rows(folder / table), partial(clip_of, split=split_named(name)))
    if not official:
        yield from each(VALIDATED, tab_rows(folder / VALIDATED), partial(clip_of, split=None))


def clip_of(row: dict[str, str], split: str | None) -> Clip:
    """One row of any of the tables.

    Raises:
        KeyError: a column is missing.
    """
    language = row.get("locale") or language_of(row["path"])
    speaker = f"common_voice:{row['client_id']}"
    return Clip(
        id=f"common_voice/{Path(row['path']).stem}",
        path=f"clips/{row['path']}",
        label=f"speech_{language.partition('-')[0]}",
        kind="speech",
        split=split or split_of(speaker),
        recording=speaker,
        group=speaker,
        licence="CC0-1.0",
        source="Common Voice",
        extra={"transcript": row["sentence"], "language": language.partition("-")[0], "speaker": row["client_id"]},
    )


def language_of(name: str) -> str:
    """The language in a clip's name: `common_voice_zh-CN_1.mp3` is `zh-CN`."""
    parts = name.split("_")
    return parts[2] if len(parts) == _NAME_PARTS else "und"


COMMON_VOICE = Layout(
    "common_voice", "Common Voice", "https://datacollective.mozillafoundation.org/", recognises, clips
)
