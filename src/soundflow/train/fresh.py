"""Streams composed afresh out of folders or stores of clips: for fine-tuning on one's own sounds.

The first folder holds what is new: in a share of the streams only its labels and a few of the others sound, so that
they are heard often; the other streams keep what the model knows alive. Tests: tests/train/test_fresh.py.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from soundflow.atomic import write_text
from soundflow.data.clips import CLIPS_NAME, Clip, ClipStore, is_index
from soundflow.data.folders import second_name
from soundflow.data.json_lines import whole_objects
from soundflow.data.splits import strictest
from soundflow.data.streams import StreamConfig, stream
from soundflow.errors import InputError, OutsideError
from soundflow.train.document import Sounding

COMPANIONS = 4  # labels that sound beside the new ones, in streams that are about these
ODD_PRIME = 1_000_003  # keeps the generators of two purposes apart


@dataclass(frozen=True)
class FreshStreams:
    """Position n: a stream of `split`, the same one for ever."""

    store: ClipStore
    split: str
    seed: int
    config: StreamConfig
    new_labels: tuple[str, ...] = ()
    new_share: float = 0.0  # of the streams, those that are about the new labels

    def __call__(self, position: int) -> Sounding:
        """Compose the stream of a position.

        Raises:
            InputError: the split has no event to compose a stream of.
        """
        rng = np.random.default_rng([self.seed, position, ODD_PRIME])
        config = self.config
        if self.new_labels and rng.random() < self.new_share:
            config = dataclasses.replace(config, labels=self._few_labels(rng), by_label=True)
        made = stream(self.store, self.split, self.seed, position, config)
        return Sounding(f"fresh-{self.seed}-{position}", made.samples, made.timeline)

    def _few_labels(self, rng: np.random.Generator) -> tuple[str, ...]:
        """The new labels and some of the others; drawn anew for each stream."""
        others = sorted({c.label for c in self.store.clips(split=self.split, kind="event")} - set(self.new_labels))
        count = min(COMPANIONS, len(others))
        return (*self.new_labels, *(others[i] for i in sorted(rng.choice(len(others), count, replace=False))))


def joined(folders: Sequence[Path], out: Path, cache: Path | None) -> ClipStore:
    """Several folders or stores of clips as one; of a label that stands in two, the first one's words are kept.

    A recording that stands in two stands in the stricter of its splits: what one holds out is not learned from another.

    Args:
        out: where the joint `clips.jsonl` and `labels.json` go, and the sounds: as second names of the same files
            where the disk can do that, else as copies.

    Raises:
        InputError: a folder has no usable clips.
        OutsideError: the joint folder cannot be written.
    """
    if len(folders) == 1:
        return ClipStore(folders[0], cache)
    labels: dict[str, Any] = {}
    rows: list[dict[str, Any]] = []
    stores = [ClipStore(folder, cache) for folder in folders]  # each says what is wrong with its folder
    for store in reversed(stores):
        labels.update(store.labels)
    try:
        for number, store in enumerate(stores):
            for row in _rows(store):
                moved = _moved(row, number)
                if is_index(store.folder) or not Path(str(row["path"])).is_absolute():  # else `ClipStore` refuses it
                    second_name(store.folder / str(row["path"]), out / moved["path"])
                rows.append(moved)
        write_text(out / "labels.json", json.dumps(labels, ensure_ascii=False))
        write_text(out / "clips.jsonl", "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in _united(rows)))
    except OSError as error:
        raise OutsideError("fresh.folder", f"cannot write {out}: {error}", "give another out folder") from error
    return ClipStore(out, cache)


def labels_of(folder: Path) -> tuple[str, ...]:
    """The labels of the events in a folder or store of clips, sorted."""
    found = tuple(sorted({clip.label for clip in ClipStore(folder).clips(kind="event")}))
    if not found:
        raise InputError("fresh.no_events", f"{folder} has no clip of kind event", "see docs/reference/clips.md")
    return found


def _rows(store: ClipStore) -> Iterable[Mapping[str, Any]]:
    """What its clips.jsonl says of sounds, or would say; the store has told what is wrong with the rest."""
    if is_index(store.folder):
        return map(_row, store.clips())
    return (row for row in whole_objects(store.folder / CLIPS_NAME) if "path" in row)


def _row(clip: Clip) -> Mapping[str, Any]:
    fields = {field.name: getattr(clip, field.name) for field in dataclasses.fields(clip) if field.name != "extra"}
    return {**clip.extra, **fields}


def _united(rows: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Rows with one split a recording."""
    splits: dict[str, str] = {}
    for row in rows:
        splits[row["recording"]] = strictest((row["split"], splits.get(row["recording"], row["split"])))
    return ({**row, "split": splits[row["recording"]]} for row in rows)


def _moved(row: Mapping[str, Any], number: int) -> dict[str, Any]:
    """A row of folder `number` in the joint folder; its names stay apart from those of the others."""
    clip = str(row.get("id") or row["path"])
    return {
        **row,
        "id": f"{number}-{clip}",
        "path": f"{number}/{str(row['path']).lstrip('/')}",  # a store names its sounds from the root
        "recording": str(row.get("recording") or f"{number}-{clip}"),
        "split": str(row.get("split", Clip.split)),
    }
