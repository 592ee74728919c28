"""The clips of one split out of several folders: recordings, and voices that were made for them.

Tests: tests/data/test_library.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from soundflow.data.clips import Clip, ClipStore, grouped_by_label
from soundflow.data.splits import is_stricter
from soundflow.data.tasks.phrases import Phrases, phrases_of
from soundflow.errors import InputError

Samples = NDArray[np.float32]


class Library:
    """Clips by kind and label, with their samples before or after TFJP.

    Args:
        stores: folders; the first names the labels.
        split: the only one whose clips are seen.
        allowed: which clips may be used, by their licence for instance.

    A recording that another row puts into a stricter split, `test` before `valid` before `train`, is not in it (ruling
    12): `held_out` names its clips with the reason.

    Raises:
        InputError: no folder has the split.
    """

    def __init__(self, stores: Sequence[ClipStore], split: str, allowed: Callable[[Clip], bool] | None = None) -> None:
        if not any(split in store.splits for store in stores):
            known = ", ".join(sorted({name for store in stores for name in store.splits}))
            message = f"{stores[0].folder} has no split {split!r}"
            raise InputError("library.no_split", message, f"splits there: {known}")
        self.stores, self.split = tuple(stores), split
        self.held_out: dict[str, str] = {}
        kept_apart = _recordings_of_stricter_splits(stores, split)
        self._home: dict[str, ClipStore] = {}
        self._clips: list[Clip] = []
        for store in self.stores:
            if split not in store.splits:
                continue
            store.prepare(split)
            for clip in store.clips(split=split):
                if clip.recording in kept_apart:
                    self.held_out[clip.id] = f"its recording {clip.recording} is in {kept_apart[clip.recording]}"
                    continue
                if clip.id in self._home:
                    message = f"the clip {clip.id} is in {self._home[clip.id].folder} and in {store.folder}"
                    raise InputError("library.same_id", message, "rename one of them")
                if allowed is None or allowed(clip):
                    self._home[clip.id] = store
                    self._clips.append(clip)
        self._phrases: dict[str, Phrases] = {}

    @cached_property
    def events(self) -> tuple[Clip, ...]:
        """Every event."""
        return self.of_kind("event")

    @cached_property
    def by_label(self) -> dict[str, tuple[Clip, ...]]:
        """Events, backgrounds, speech and music by their label, labels sorted."""
        return grouped_by_label(self._clips)

    @cached_property
    def by_id(self) -> dict[str, Clip]:
        """Clips by id."""
        return {clip.id: clip for clip in self._clips}

    @property
    def clips(self) -> tuple[Clip, ...]:
        """Every clip, in the folders' order."""
        return tuple(self._clips)

    def of_kind(self, kind: str) -> tuple[Clip, ...]:
        """The clips of one kind."""
        return tuple(clip for clip in self._clips if clip.kind == kind)

    def phrases(self, label: str) -> Phrases:
        """The words for a label."""
        if label not in self._phrases:
            self._phrases[label] = phrases_of(self.stores[0].label(label))
        return self._phrases[label]

    def synonyms(self, label: str) -> tuple[str, ...]:
        """Every name of a label."""
        return self.stores[0].label(label).names

    def samples(self, clip: Clip, tfjp: bool) -> Samples:
        """A clip's samples, float32 [n], 16 kHz.

        Raises:
            InputError: the clip cannot be used, or stands for a sound that is yet to be generated.
        """
        if clip.id not in self._home:
            raise InputError("library.no_samples", f"the clip {clip.id} has no samples here", "generate it")
        store = self._home[clip.id]
        return store.tfjp_audio(clip) if tfjp else store.audio(clip)

    def seconds(self, clip: Clip, tfjp: bool) -> float:
        """How long the samples last; 0 for one that is yet to be generated."""
        return self._home[clip.id].seconds(clip, after_tfjp=tfjp) if clip.id in self._home else 0.0


def _recordings_of_stricter_splits(stores: Sequence[ClipStore], split: str) -> dict[str, str]:
    """Recordings that must not be heard in a split, each with the split and folder that it belongs to."""
    return {
        clip.recording: f"the split {clip.split} of {store.folder}"
        for store in stores
        for clip in store.clips()
        if clip.recording and is_stricter(clip.split, split)
    }


def is_generated(clip: Clip) -> bool:
    """Whether the clip's sound is drawn by rule when the stream is made."""
    return clip.id.startswith("generated:")


def generated_clip(label: str, template: Clip | None) -> Clip:
    """The row of a sound that is drawn by rule: synthetic for ever, and like the label's recordings otherwise."""
    return Clip(
        id=f"generated:{label}",
        path="",
        label=label,
        kind="event",
        split=template.split if template else "train",
        proactive=template.proactive if template else True,
        seconds=3.0,
        recording=f"generated:{label}",
        licence="CC0-1.0",
        source="soundflow",
        category=template.category if template else None,
        synthetic=True,
    )
