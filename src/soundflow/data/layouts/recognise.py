"""Which layout a folder has, by what is in it; an archive's folder inside it is found too.

Tests: tests/data/layouts/test_layouts.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from soundflow.data.layouts.aishell import AISHELL
from soundflow.data.layouts.audioset import AUDIOSET
from soundflow.data.layouts.common_voice import COMMON_VOICE
from soundflow.data.layouts.covost2 import COVOST2
from soundflow.data.layouts.dns import DNS
from soundflow.data.layouts.esc50 import ESC50
from soundflow.data.layouts.fma import FMA
from soundflow.data.layouts.gigaspeech import GIGASPEECH
from soundflow.data.layouts.kinds import OWN_KINDS
from soundflow.data.layouts.layout import Layout
from soundflow.data.layouts.librispeech import LIBRISPEECH
from soundflow.data.layouts.musan import MUSAN
from soundflow.data.layouts.own import OWN
from soundflow.data.layouts.voxpopuli import VOXPOPULI
from soundflow.data.layouts.wham import WHAM
from soundflow.errors import InputError

# Our own first: whoever wrote a clips.jsonl into a corpus means it. CoVoST 2 is a Common Voice folder with a file more.
LAYOUTS: tuple[Layout, ...] = (
    OWN,
    ESC50,
    AUDIOSET,
    COVOST2,
    COMMON_VOICE,
    LIBRISPEECH,
    GIGASPEECH,
    VOXPOPULI,
    AISHELL,
    FMA,
    MUSAN,
    WHAM,
    DNS,
)
DEPTH = 2  # folders below the one that was named that are looked at: ARCHIVE/CORPUS/LANGUAGE


def recognise(folder: Path) -> list[tuple[Path, Layout]]:
    """Every corpus in a folder: the folder itself, or those below it, each with its layout.

    Folders named by kind are looked for where no corpus is known: many a corpus has a folder `music`.

    Raises:
        InputError: there is no such folder, or nothing in it is known (`layout.unknown`).
    """
    if not folder.is_dir():
        raise InputError("layout.no_folder", f"there is no folder {folder}", "check the name and the folder you are in")
    if found := _found(folder, LAYOUTS) or _found(folder, (OWN_KINDS,)):
        return found
    known = ", ".join(layout.title for layout in LAYOUTS[1:])
    hint = (
        "sort its sounds into event/LABEL, music, background and speech (docs/reference/layouts.md), write a "
        f"clips.jsonl into it (docs/reference/clips.md), or name a folder of {known}"
    )
    raise InputError("layout.unknown", f"{folder} has none of the layouts that are known", hint)


def _found(folder: Path, layouts: Sequence[Layout]) -> list[tuple[Path, Layout]]:
    found: list[tuple[Path, Layout]] = []
    places = [folder]
    for depth in range(DEPTH + 1):
        inner: list[Path] = []
        for place in places:
            layout = next((known for known in layouts if known.recognises(place)), None)
            if layout is not None:
                found.append((place, layout))
            elif depth < DEPTH:
                inner += sorted(path for path in place.iterdir() if path.is_dir())
        places = inner
    return found
