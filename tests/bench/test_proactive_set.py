"""A folder of clips as the benchmark's items: its categories, its decisions, its form on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from soundflow.bench.proactive import load_items
from soundflow.bench.proactive_set import CATEGORIES, coverage, items_of, write_set
from soundflow.data.clips import ClipStore
from soundflow.errors import InputError
from tests.data.test_clips import write_folder

LABELS = {"siren": {"display": "Siren", "synonyms": ["alarm"], "advice": "Look outside."}, "cow": {}}


@pytest.fixture
def folder(tmp_path: Path) -> ClipStore:
    """A siren that calls, a cow that does not, and three that are no items."""
    rows: list[dict[str, Any]] = [
        {"id": "s", "label": "siren", "proactive": True, "category": "Traffic / Traffic"},
        {"id": "c", "label": "cow", "proactive": False, "category": "Nature & Environment / Environment background"},
        {"id": "open", "label": "cow", "proactive": None, "category": "Traffic / Traffic"},
        {"id": "speech", "label": "talk", "proactive": False, "category": None},
        {"id": "made", "label": "siren", "proactive": True, "category": "Traffic / Traffic", "synthetic": True},
    ]
    whole = [{**row, "path": f"{row['id']}.wav", "kind": "event", "split": "test"} for row in rows]
    return ClipStore(write_folder(tmp_path / "in", whole, LABELS), tmp_path / "cache")


def test_real_clips_with_a_category_and_a_decision_are_items(folder: ClipStore) -> None:
    siren, cow = items_of(folder, "test")
    assert (siren.id, siren.decision, siren.macro, siren.meso) == ("s", "RESPOND", "Traffic", "Traffic")
    assert siren.answers == ("I hear siren. Look outside.", "I hear alarm. Look outside.")
    assert siren.origin == "s" and siren.recording, "a clip without a recording is its own"
    assert (cow.decision, cow.answers, cow.meso) == ("IGNORE", (), "Environment background")
    with pytest.raises(InputError, match="no clip with a category"):
        items_of(folder, "train")


def test_the_released_categories_are_six_and_seventeen() -> None:
    counts = [count for mesos in CATEGORIES.values() for count in mesos.values()]
    assert (len(CATEGORIES), len(counts), sum(counts)) == (6, 17, 644)


def test_what_a_set_lacks_is_told(folder: ClipStore) -> None:
    found = coverage(items_of(folder, "test"))
    assert (found["macro"], found["meso"], len(found["missing"])) == (2, 2, 15)
    assert found["categories"]["Traffic/Traffic"] == {"items": 1, "in_the_release": 15}


def test_the_set_on_disk_reads_back_the_same(folder: ClipStore, tmp_path: Path) -> None:
    items = items_of(folder, "test")
    assert load_items(*write_set(items, tmp_path / "set")) == items
