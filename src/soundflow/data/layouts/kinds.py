"""Sounds of one's own, sorted into folders: `event/LABEL`, `music`, `background`, `speech`, and whatever is below them.

A long piece of music or background is taken in parts, so that hours of it weigh no more than they should and one part
fits into a stream. Beside the folders `labels.json` may say what is known of a label (docs/reference/clips.md) and
`licence.txt`, there or in any folder below, whose the sounds are. Tests: tests/data/layouts/test_kinds.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import soundfile

from soundflow.data.clips import LABELS_NAME, Clip, read_labels
from soundflow.data.layouts.layout import Fault, Layout, Rows, slug, sounds, split_of

KINDS = ("event", "music", "background", "speech")
LICENCE_NAME = "licence.txt"
PART_SECONDS = 20.0  # of a long piece; as much as a stream holds, about
PARTS = 4  # of one recording, evenly over its length


def recognises(folder: Path) -> bool:
    """Whether a sound lies where its kind, and an event's label, can be told."""
    return any(_label(path, folder) for kind in KINDS if (folder / kind).is_dir() for path in sounds(folder / kind))


def clips(folder: Path) -> Rows:
    """A clip a file, or a part of a long one; an event without a label's folder is a fault."""
    labels = read_labels(folder / LABELS_NAME)
    for kind in KINDS:
        for path in sounds(folder / kind):
            if not (label := _label(path, folder)):
                yield Fault(
                    path.relative_to(folder).as_posix(), "what sounds in it is not said: put it into event/LABEL"
                )
                continue
            yield from _clips(path, folder, kind, label, labels.get(label, {}).get("proactive"))


def _label(path: Path, folder: Path) -> str:
    """The folder's name below the kind; the kind where there is none, but nothing for an event."""
    kind, *below = path.relative_to(folder).parts[:-1]
    return slug(below[0]) if below else "" if kind == "event" else kind


def _clips(path: Path, folder: Path, kind: str, label: str, proactive: bool | None) -> Iterator[Clip]:
    name = path.relative_to(folder).as_posix()
    recording = f"{folder.name}/{name}"
    licence = _licence(path.parent, folder)
    spans = _spans(path) if kind in ("music", "background") else [None]
    for number, span in enumerate(spans):
        yield Clip(
            id=recording if span is None else f"{recording}#{number}",
            path=name,
            label=label,
            kind=kind,
            split=split_of(recording),
            proactive=proactive,
            seconds=0.0 if span is None else PART_SECONDS,
            recording=recording,
            group=recording,
            licence=licence,
            source=folder.name,
            extra={"caption": path.stem.replace("_", " ")} | ({} if span is None else {"begin": span}),
        )


def _spans(path: Path) -> list[float] | list[None]:
    """Where the parts of a long sound begin; of one that cannot be opened the indexer tells."""
    try:
        seconds = float(soundfile.info(path).duration)
    except (RuntimeError, OSError):
        return [None]
    count = min(PARTS, int(seconds / PART_SECONDS))
    if count < 2:
        return [None]
    return [round(i * (seconds - PART_SECONDS) / (count - 1), 3) for i in range(count)]


def _licence(place: Path, folder: Path) -> str:
    """The first line of the nearest licence file from the sound's folder upwards."""
    for above in (place, *place.parents):
        if (above / LICENCE_NAME).is_file():
            return _text((above / LICENCE_NAME).read_bytes()).partition("\n")[0].strip() or "unknown"
        if above == folder:
            break
    return "unknown"


def _text(data: bytes) -> str:
    """Somebody's text, in UTF-8 or else in Latin-1, which every file is."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


OWN_KINDS = Layout("kinds", "sounds in folders by kind", "docs/reference/layouts.md", recognises, clips)
