"""Flite as an offline speaker: Debian's program `flite`, English, a few milliseconds a sentence.

Its voices sound plainer than Kokoro's; a text can be said thousands of times. A take is said at another rate, pitch and
size of the throat, drawn by the text, and stays the same voice. Tests: tests/data/voices/test_flite.py.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import zlib

import numpy as np
import soundfile
from numpy.typing import NDArray

from soundflow.audio.resample import resample
from soundflow.data.voices.engine import Voice
from soundflow.errors import InputError, OutsideError

Samples = NDArray[np.float32]

# By split (ruling 12): `kal` is `kal16` at 8 kHz, one man, and stands where he does.
SPLITS = {"slt": "train", "awb": "train", "kal16": "train", "kal": "train", "rms": "test"}
LICENCE = "MIT-Festival"  # SPDX's name of the text in /usr/share/doc/libflite1/copyright, "All other files"
STRETCH = (0.85, 1.2)  # of duration; chosen, as the two below
PITCH = (0.85, 1.2)  # times the voice's own; rms does not follow it
TAPE = (0.94, 1.07)  # speed of the tape: moves formants too, so that few voices sound like more
MOST_CHARACTERS = 1000
MOST_SECONDS = 30  # a sentence takes far below one
_HINT = "apt-get install flite"


class Flite:
    """Says English.

    Args:
        seed: of the draws of rate and pitch.

    Raises:
        OutsideError: the program is not there, or knows none of our voices.
    """

    name = "flite"

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        found = shutil.which("flite")
        if found is None:
            raise OutsideError("flite.missing", "the program flite is not installed", _HINT)
        self._program = found
        listed = self._run("-lv").decode("utf-8", "replace").partition(":")[2].split()
        self._voices = tuple(Voice(name, "en", LICENCE, SPLITS[name]) for name in SPLITS if name in listed)
        if not self._voices:
            raise OutsideError("flite.voices", f"{found} has none of {', '.join(SPLITS)}", _HINT)

    @property
    def voices(self) -> tuple[Voice, ...]:
        """Those of ours that the program has."""
        return self._voices

    def say(self, text: str, voice: Voice, attempt: int = 0) -> Samples:
        """Speech, float32 [n], 16 kHz; the same for the same text, voice, take, attempt and seed.

        Raises:
            InputError: a text that is empty or too long.
            OutsideError: the program failed.
        """
        if not 0 < len(text.strip()) <= MOST_CHARACTERS:
            raise InputError("flite.text", f"{len(text)} characters", f"1 to {MOST_CHARACTERS} can be said")
        draw = [self.seed, zlib.crc32(text.encode()), zlib.crc32(voice.name.encode()), voice.take, attempt]
        rng = np.random.default_rng(draw)
        stretch, pitch, tape = (float(rng.uniform(*span)) for span in (STRETCH, PITCH, TAPE))
        settings = ("--setf", f"duration_stretch={stretch:.3f}", "--setf", f"f0_shift={pitch:.3f}")
        wav = self._run("-voice", voice.name, *settings, "-t", text, "-o", "/dev/stdout")
        try:
            sound, rate = soundfile.read(io.BytesIO(wav), dtype="float32")
        except (RuntimeError, TypeError) as error:
            raise OutsideError("flite.no_sound", f"{len(wav)} bytes that are no sound: {error}") from error
        return np.asarray(resample(np.asarray(sound, np.float32), round(rate * tape)), np.float32)

    def _run(self, *words: str) -> bytes:
        try:
            done = subprocess.run([self._program, *words], capture_output=True, timeout=MOST_SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise OutsideError("flite.failed", f"flite did not answer: {error}", _HINT) from error
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace").strip()[:200]
            raise OutsideError("flite.failed", f"flite ended with {done.returncode}: {said}", _HINT)
        return done.stdout
