"""What a load plays: the packaged recordings, or those of a folder, one behind the other.

Tests: tests/bench/test_load_sound.py.
"""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from soundflow.audio.decode import read_audio
from soundflow.audio.pcm import SAMPLE_RATE
from soundflow.errors import InputError, SoundflowError

_SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".opus", ".mp3", ".aiff", ".aif"})


def gather_sound(files: list[Path], most_seconds: float) -> NDArray[np.float32]:
    """Recordings one behind the other, float32 [n], 16 kHz mono, up to a total length; unreadable ones are left out.

    Raises:
        InputError: none can be read (`load.clips`).
    """
    pieces: list[NDArray[np.float32]] = []
    missing = round(most_seconds * SAMPLE_RATE)
    for file in files:
        if missing <= 0:
            break
        try:
            piece = read_audio(file)[:missing]
        except SoundflowError:
            continue
        pieces.append(piece)
        missing -= len(piece)
    if not pieces:
        raise InputError("load.clips", f"{len(files)} sound files, none that can be read", "give a folder of wav files")
    return np.concatenate(pieces)


def sound_files(folder: Path, seed: int) -> list[Path]:
    """The sound files below a folder, in an order drawn by `seed`.

    Raises:
        InputError: there is no such folder (`load.clips`).
    """
    if not folder.is_dir():
        raise InputError("load.clips", f"there is no folder {folder}", "give a folder of recordings")
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES)
    random.Random(seed).shuffle(found)
    return found
