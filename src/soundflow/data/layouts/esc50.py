"""ESC-50: `meta/esc50.csv` and `audio/*.wav`, 2,000 clips of 5 s in 50 classes and five folds.

Source: the README of karolpiczak/ESC-50. Tests: tests/data/layouts/test_sounds.py.
"""

from __future__ import annotations

from pathlib import Path

from soundflow.data.clips import Clip
from soundflow.data.layouts.layout import Layout, Rows, each
from soundflow.data.layouts.tables import comma_rows

TABLE = "meta/esc50.csv"
FOLDS = {"4": "valid", "5": "test"}  # the others train; a recording's pieces share a fold


def recognises(folder: Path) -> bool:
    """Whether the table is there."""
    return (folder / TABLE).is_file()


def clips(folder: Path) -> Rows:
    """A clip a row of the table."""
    return each(TABLE, comma_rows(folder / TABLE), _clip)


def _clip(row: dict[str, str]) -> Clip:
    is_esc10 = row["esc10"] == "True"
    return Clip(
        id=f"esc50/{Path(row['filename']).stem}",
        path=f"audio/{row['filename']}",
        label=row["category"],
        split=FOLDS.get(row["fold"], "train"),
        recording=f"freesound:{row['src_file']}",
        group=f"freesound:{row['src_file']}",
        licence="CC-BY-3.0" if is_esc10 else "CC-BY-NC-3.0",
        source="ESC-50",
        extra={"esc_fold": int(row["fold"])},
    )


ESC50 = Layout("esc50", "ESC-50", "https://github.com/karolpiczak/ESC-50", recognises, clips)
