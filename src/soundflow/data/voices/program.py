"""A program of the system that says a text, and its sound. Tests: tests/data/voices/test_program.py."""

from __future__ import annotations

import io
import shutil
import subprocess
import zlib
from dataclasses import dataclass

import numpy as np
import soundfile
from numpy.typing import NDArray

from soundflow.data.voices.engine import Voice
from soundflow.errors import InputError, OutsideError

Samples = NDArray[np.float32]

MOST_CHARACTERS = 1000
MOST_SECONDS = 30  # a sentence takes far below one


@dataclass(frozen=True)
class Program:
    """Where a program lies, and how it is installed."""

    path: str
    hint: str

    @classmethod
    def found(cls, name: str, hint: str) -> Program:
        """A program by its name.

        Raises:
            OutsideError: it is not there.
        """
        path = shutil.which(name)
        if path is None:
            raise OutsideError("voices.program_missing", f"the program {name} is not installed", hint)
        return cls(path, hint)

    def run(self, *words: str) -> bytes:
        """What it writes.

        Raises:
            OutsideError: it failed.
        """
        try:
            done = subprocess.run([self.path, *words], capture_output=True, timeout=MOST_SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise OutsideError("voices.program_failed", f"{self.path} did not answer: {error}", self.hint) from error
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace").strip()[:200]
            raise OutsideError("voices.program_failed", f"{self.path} ended with {done.returncode}: {said}", self.hint)
        return done.stdout

    def sound(self, *words: str) -> tuple[Samples, int]:
        """The sound that it writes, float32 [n], and its rate in Hz.

        Raises:
            OutsideError: it failed, or wrote no sound.
        """
        wav = self.run(*words)
        try:
            sound, rate = soundfile.read(io.BytesIO(wav), dtype="float32")
        except (RuntimeError, TypeError) as error:
            raise OutsideError("voices.no_sound", f"{len(wav)} bytes that are no sound: {error}") from error
        return np.asarray(sound, np.float32), int(rate)


def drawn(seed: int, text: str, voice: Voice, attempt: int) -> np.random.Generator:
    """Draws how a voice says a text: the same for the same text, voice, take, attempt and seed."""
    names = [zlib.crc32(name.encode()) for name in (text, voice.name)]
    return np.random.default_rng([seed, *names, voice.take, attempt])


def check_text(text: str) -> None:
    """A program is given a sentence, and not a book.

    Raises:
        InputError: a text that is empty or too long.
    """
    if not 0 < len(text.strip()) <= MOST_CHARACTERS:
        raise InputError("voices.text_length", f"{len(text)} characters", f"1 to {MOST_CHARACTERS} can be said")
