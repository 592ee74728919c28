"""DNS Challenge: its noise, `noise_fullband` (from the third challenge on) or `noise`, beside clean speech.

Only the noise is taken: the rest of the corpus is built from others. A name tells where a file is from: Freesound (with
what it is), or a video. Source: microsoft/DNS-Challenge. Tests: tests/data/layouts/test_noise.py.
"""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

from soundflow.data.clips import Clip
from soundflow.data.layouts.layout import Layout, Rows, each, slug, sounds, split_of

PLACES = ("noise_fullband", "noise")
NEIGHBOURS = ("clean_fullband", "clean", "impulse_responses")
WITHIN = ("", "datasets_fullband", "datasets", "V5_training_dataset")
_FREESOUND = re.compile(r"(?P<label>.+)_Freesound_validated_(?P<id>\d+)_\d+$")


def recognises(folder: Path) -> bool:
    """Whether the noise is there under one of its names, with its neighbours or under the archive's folder."""
    return bool(_noise(folder))


def clips(folder: Path) -> Rows:
    """A clip a file of noise."""
    for place in _noise(folder):
        files = enumerate(sounds(place), start=1)
        yield from each(place.name, files, partial(_clip, folder=folder))


def _noise(folder: Path) -> list[Path]:
    found: list[Path] = []
    for within in WITHIN:
        at = folder / within
        is_known = bool(within) or any((at / name).is_dir() for name in NEIGHBOURS)
        for name in PLACES:
            if (at / name).is_dir() and (is_known or name == "noise_fullband"):
                found.append(at / name)
    return found


def _clip(path: Path, folder: Path) -> Clip:
    freesound = _FREESOUND.match(path.stem)
    recording = f"freesound:{freesound['id']}" if freesound else f"youtube:{path.stem}"
    label = freesound["label"].replace("_", " ") if freesound else ""
    return Clip(
        id=f"dns/{path.stem}",
        path=path.relative_to(folder).as_posix(),
        label=f"background_{slug(label)}" if label else "background_noise",
        kind="background",
        split=split_of(recording),
        recording=recording,
        group=recording,
        licence="CC0-1.0" if freesound else "unknown (YouTube; AudioSet's labels are CC-BY-4.0)",
        source="DNS Challenge",
        extra={"caption": label},
    )


DNS = Layout("dns", "DNS Challenge", "https://github.com/microsoft/DNS-Challenge", recognises, clips)
