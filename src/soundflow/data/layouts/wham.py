"""WHAM! noise: `tr`, `cv`, `tt` and, in `metadata`, where each piece was recorded.

Source: wham.whisper.ai, the archive's README. Tests: tests/data/layouts/test_noise.py.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from soundflow.data.clips import Clip
from soundflow.data.layouts.layout import Layout, Rows, each, split_named
from soundflow.data.layouts.tables import comma_rows

PARTS = ("tr", "cv", "tt")
LEVELS = ("very quiet", "quiet", "loud", "very loud")  # of the noise bands 0 to 3


def recognises(folder: Path) -> bool:
    """Whether the table of a part is there."""
    return any((folder / _table(part)).is_file() for part in PARTS)


def clips(folder: Path) -> Rows:
    """A clip a row of the tables."""
    for part in PARTS:
        if (folder / _table(part)).is_file():
            yield from each(_table(part), comma_rows(folder / _table(part)), partial(_clip, part=part))


def _table(part: str) -> str:
    return f"metadata/noise_meta_{part}.csv"


def _clip(row: dict[str, str], part: str) -> Clip:
    name = row["utterance_id"]
    recording = f"wham:{row['File ID']}"
    return Clip(
        id=f"wham/{part}/{Path(name).stem}",
        path=f"{part}/{name}",
        label="background_urban",
        kind="background",
        split=split_named(part),
        recording=recording,
        group=f"wham:{row['Location ID']}",
        licence="CC-BY-NC-4.0",
        source="WHAM!",
        extra={"caption": f"cafe restaurant bar park noise, {LEVELS[int(row['Noise Band'])]}"},
    )


WHAM = Layout("wham", "WHAM!", "http://wham.whisper.ai/", recognises, clips)
