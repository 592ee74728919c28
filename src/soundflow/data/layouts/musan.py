"""MUSAN: `music`, `noise` and `speech`, each with its collections, their sounds and a `LICENSE`.

Source: OpenSLR 17. Tests: tests/data/layouts/test_noise.py.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from soundflow.data.clips import Clip
from soundflow.data.layouts.layout import Layout, Rows, each, sounds, split_of

KINDS = {"music": "music", "noise": "background", "speech": "speech"}
LABELS = {"music": "music", "noise": "background_noise", "speech": "speech"}


def recognises(folder: Path) -> bool:
    """Whether the folder has those of the three and a licence in one of their collections."""
    return any(next((folder / part).glob("*/LICENSE"), None) for part in KINDS) and (folder / "noise").is_dir()


def clips(folder: Path) -> Rows:
    """A clip a file."""
    for part in KINDS:
        files = enumerate(sounds(folder / part), start=1)
        yield from each(part, files, partial(_clip, folder=folder, part=part))


def _clip(path: Path, folder: Path, part: str) -> Clip:
    collection = path.relative_to(folder / part).parts[0]
    recording = f"musan:{path.stem}"
    return Clip(
        id=f"musan/{path.stem}",
        path=path.relative_to(folder).as_posix(),
        label=LABELS[part],
        kind=KINDS[part],
        split=split_of(recording),
        recording=recording,
        group=recording,
        licence="CC-BY-4.0",
        source=f"MUSAN ({collection})",
        extra={"caption": f"{part} {collection}"},
    )


MUSAN = Layout("musan", "MUSAN", "https://www.openslr.org/17/", recognises, clips)
