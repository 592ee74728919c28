"""Proactive-Sound-Bench's task on recordings of one's own: a folder of clips as items with its 6 and 17 categories.

An item is one recording alone. Reference answers come from the folder's labels.json: its advice, and the advice behind
each name of the sound. Tests: tests/bench/test_proactive_set.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from soundflow.bench.proactive import Due, Item
from soundflow.bench.rows import write_rows
from soundflow.data.clips import Clip, ClipStore
from soundflow.errors import InputError

# The released manifest's categories with its items, so that a set can say what it lacks.
CATEGORIES: Mapping[str, Mapping[str, int]] = {
    "Daily Living Sounds": {"Daily Affairs": 126, "Housekeeping": 36, "Personal Care": 19},
    "Equipment": {"House Equipment States": 97, "Industrial Tools & Instruments": 43},
    "Human Sound Signals": {
        "Body Movements": 29,
        "Collective Ambience": 19,
        "Emotion Expression": 40,
        "Physiological states": 68,
    },
    "Music": {"Artistic": 15},
    "Nature & Environment": {
        "Ecological & Biological Context": 17,
        "Environment background": 58,
        "Geological Events & Hazards": 11,
        "Meteorological Dynamics": 17,
    },
    "Traffic": {"Large Traffic": 7, "Traffic": 15, "Vehicle": 27},
}
MOST_ANSWERS = 6  # of an item, as in the release


def items_of(store: ClipStore, split: str) -> tuple[Item, ...]:
    """Every clip of a split that has a category and a decision, in the folder's order.

    Raises:
        InputError: there is no such split, or no such clip in it.
    """
    store.prepare(split, with_tfjp=False)
    found = tuple(_item(store, clip) for clip in store.clips(split=split) if _is_usable(clip))
    if not found:
        message = f"split {split!r} of {store.folder} has no clip with a category and a decision"
        raise InputError("proactive.set", message, f"splits there: {', '.join(store.splits)}")
    return found


def coverage(items: Sequence[Item]) -> dict[str, Any]:
    """How many items each of the 17 categories has, and which have none."""
    counts = Counter((item.macro, item.meso) for item in items)
    rows = {
        f"{macro}/{meso}": {"items": counts[macro, meso], "in_the_release": released}
        for macro, mesos in CATEGORIES.items()
        for meso, released in mesos.items()
    }
    return {
        "categories": rows,
        "macro": len({item.macro for item in items}),
        "meso": len(counts),
        "missing": [name for name, row in rows.items() if not row["items"]],
    }


def write_set(items: Sequence[Item], folder: Path) -> tuple[Path, Path]:
    """The manifest and the reference answers in the released form, so that any scorer can read them.

    Raises:
        OutsideError: the disk refuses.
    """
    manifest, references = folder / "manifest.jsonl", folder / "references.jsonl"
    write_rows(
        manifest,
        [
            {
                "id": item.id,
                "path": item.path,
                "description": item.description,
                "decision": item.decision,
                "macro": item.macro,
                "meso": item.meso,
                "recording": item.recording,
            }
            for item in items
        ],
    )
    answered = [item for item in items if item.decision == "RESPOND"]
    write_rows(references, [{"id": item.id, "standard_answers": list(item.answers)} for item in answered])
    return manifest, references


def _is_usable(clip: Clip) -> bool:
    return clip.proactive is not None and clip.category is not None and " / " in clip.category and not clip.synthetic


def _item(store: ClipStore, clip: Clip) -> Item:
    macro, _, meso = (clip.category or "").partition(" / ")
    label = store.label(clip.label)
    calls = clip.proactive is True
    answers = _answers(label.names, label.advice) if calls else ()
    due: Due = "RESPOND" if calls else "IGNORE"
    return Item(clip.id, clip.path, label.display, due, macro, meso, answers, clip.recording)


def _answers(names: Sequence[str], advice: str | None) -> tuple[str, ...]:
    """The advice behind each name of the sound; the name alone where the folder has no advice."""
    told = [f"I hear {name.lower()}. {advice or ''}".strip() for name in names]
    return tuple(told[:MOST_ANSWERS])
