"""eSpeak NG as an offline speaker: Debian's program `espeak-ng`, English, fifty voices, milliseconds a sentence.

A synthesiser by formants: it sounds like a machine, but its accents and throats differ more than recorded voices made
of few speakers. Not for Mandarin, which it reads unintelligibly. Tests: tests/data/voices/test_espeak.py.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from soundflow.audio.resample import resample
from soundflow.data.voices.engine import Voice
from soundflow.data.voices.program import Program, check_text, drawn
from soundflow.errors import OutsideError

Samples = NDArray[np.float32]

ACCENTS = ("en-us", "en-gb", "en-gb-scotland", "en-gb-x-rp", "en-029")
# By split (ruling 12): a throat stands where it does in every accent.
SPLITS = {
    **dict.fromkeys(("m1", "m2", "m3", "m4", "f1", "f2", "f3", "f5"), "train"),
    "m7": "valid",
    "f4": "test",
}
LICENCE = "GPL-3.0-or-later"  # of the program and its data, /usr/share/doc/espeak-ng/copyright
WORDS_A_MINUTE = (130, 200)  # chosen, as the pitch
PITCH = (25, 75)  # of 0 to 99; 50 is a voice's own
SILENCE = 1e-3  # below it a sample belongs to the pause before or behind
_HINT = "apt-get install espeak-ng"


class Espeak:
    """Says English.

    Args:
        seed: of the draws of rate and pitch.

    Raises:
        OutsideError: the program is not there, or knows none of our accents.
    """

    name = "espeak-ng"

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self._program = Program.found("espeak-ng", _HINT)
        listed = self._program.run("--voices=en").decode("utf-8", "replace").split()
        self._voices = tuple(
            Voice(f"{accent}+{throat}", "en", LICENCE, split)
            for throat, split in SPLITS.items()
            for accent in ACCENTS
            if accent in listed
        )
        if not self._voices:
            raise OutsideError("espeak.voices", f"{self._program.path} has none of {', '.join(ACCENTS)}", _HINT)

    @property
    def voices(self) -> tuple[Voice, ...]:
        """An accent and a throat each."""
        return self._voices

    def say(self, text: str, voice: Voice, attempt: int = 0) -> Samples:
        """Speech without the pauses around it, float32 [n], 16 kHz; the same for the same text, voice, take and seed.

        Raises:
            InputError: a text that is empty or too long.
            OutsideError: the program failed, or said nothing that can be heard.
        """
        check_text(text)
        rng = drawn(self.seed, text, voice, attempt)
        rate, pitch = (int(rng.integers(least, most + 1)) for least, most in (WORDS_A_MINUTE, PITCH))
        settings = ("-v", voice.name, "-s", str(rate), "-p", str(pitch), "--stdout")
        sound, sample_rate = self._program.sound(*settings, "--", text)
        heard = np.flatnonzero(np.abs(sound) > SILENCE)
        if not len(heard):
            raise OutsideError("espeak.silent", f"nothing can be heard of {text[:40]!r}", "another text, or voice")
        return np.asarray(resample(sound[heard[0] : heard[-1] + 1], sample_rate), np.float32)
