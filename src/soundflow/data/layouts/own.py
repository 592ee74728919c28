"""Our own folder: `clips.jsonl` and, if it likes, `labels.json`. Tests: tests/data/layouts/test_layouts.py."""

from __future__ import annotations

from pathlib import Path

from soundflow.data.clips import CLIPS_NAME, LABELS_NAME, read_clips, read_labels
from soundflow.data.layouts.layout import Fault, Layout, Rows


def recognises(folder: Path) -> bool:
    """Whether the rows are there."""
    return (folder / CLIPS_NAME).is_file()


def clips(folder: Path) -> Rows:
    """A clip a row; a row that is none is a fault."""
    bad: dict[str, str] = {}
    yield from read_clips(folder / CLIPS_NAME, read_labels(folder / LABELS_NAME), bad)
    for line, reason in bad.items():
        yield Fault(f"{CLIPS_NAME}, {line}", reason)


OWN = Layout("own", "a folder of clips", "docs/reference/clips.md", recognises, clips)
