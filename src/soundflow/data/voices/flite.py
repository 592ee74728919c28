"""Flite as an offline speaker: Debian's program `flite`, English, a few milliseconds a sentence.

Its voices sound plainer than Kokoro's; a text can be said thousands of times. A take is said at another rate, pitch and
size of the throat, drawn by the text, and stays the same voice. Tests: tests/data/voices/test_flite.py.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from soundflow.audio.resample import resample
from soundflow.data.voices.engine import Voice
from soundflow.data.voices.program import Program, check_text, drawn
from soundflow.errors import OutsideError

Samples = NDArray[np.float32]

# By split (ruling 12): `kal` is `kal16` at 8 kHz, one man, and stands where he does.
SPLITS = {"slt": "train", "awb": "train", "kal16": "train", "kal": "train", "rms": "test"}
LICENCE = "MIT-Festival"  # SPDX's name of the text in /usr/share/doc/libflite1/copyright, "All other files"
STRETCH = (0.85, 1.2)  # of duration; chosen, as the two below
PITCH = (0.85, 1.2)  # times the voice's own; rms does not follow it
TAPE = (0.94, 1.07)  # speed of the tape: moves formants too, so that few voices sound like more
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
        self._program = Program.found("flite", _HINT)
        listed = self._program.run("-lv").decode("utf-8", "replace").partition(":")[2].split()
        self._voices = tuple(Voice(name, "en", LICENCE, SPLITS[name]) for name in SPLITS if name in listed)
        if not self._voices:
            raise OutsideError("flite.voices", f"{self._program.path} has none of {', '.join(SPLITS)}", _HINT)

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
        check_text(text)
        rng = drawn(self.seed, text, voice, attempt)
        stretch, pitch, tape = (float(rng.uniform(*span)) for span in (STRETCH, PITCH, TAPE))
        settings = ("--setf", f"duration_stretch={stretch:.3f}", "--setf", f"f0_shift={pitch:.3f}")
        sound, rate = self._program.sound("-voice", voice.name, *settings, "-t", text, "-o", "/dev/stdout")
        return np.asarray(resample(sound, round(rate * tape)), np.float32)
