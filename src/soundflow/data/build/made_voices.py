"""A made voice stands in one split, in whichever folders its speech lies (ruling 12).

`data voices` sees to it within a folder; several folders, or an older one, may disagree.
Tests: tests/data/build/test_made_voices.py.
"""

from __future__ import annotations

from collections.abc import Sequence

from soundflow.data.clips import ClipStore
from soundflow.errors import InputError


def mind_splits(stores: Sequence[ClipStore]) -> None:
    """See that no made voice was heard in two splits.

    Raises:
        InputError: one was.
    """
    homes: dict[str, tuple[str, ClipStore]] = {}  # by voice
    for store in stores:
        for clip in store.clips(kind="speech"):
            if not (clip.synthetic and clip.extra.get("speaker")):
                continue
            split, home = homes.setdefault(clip.group, (clip.split, store))
            if clip.split != split:
                places = f"{split} in {home.folder} and {clip.split} in {store.folder}"
                hint = "leave one of the folders out, or render it anew"
                raise InputError("voices.two_splits", f"the voice {clip.group} stands in two splits: {places}", hint)
