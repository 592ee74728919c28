"""What a voice engine and a listener must do; the rest of the package knows only this.

Tests: tests/data/voices/test_render.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Voice:
    """One voice of an engine: its name, the language it speaks (`en`, `zh`), and what may be done with its speech.

    `split` is where all its speech stands, where the engine says so; else it follows from the name. `take` counts how
    often this voice said the same text before: an engine that can, says it another way.
    """

    name: str
    language: str
    licence: str
    split: str = ""
    take: int = 0


class Speaker(Protocol):
    """Says a text."""

    name: str

    @property
    def voices(self) -> tuple[Voice, ...]:
        """The pool a dialogue's voice is drawn from."""

    def say(self, text: str, voice: Voice, attempt: int) -> Samples:
        """Speech, float32 [n], 16 kHz; another attempt may sound another way.

        Raises:
            InputError: the text cannot be said.
            OutsideError: the engine failed.
        """


class Listener(Protocol):
    """Writes down what it hears, to check a speaker."""

    name: str

    def write_down(self, samples: Samples, language: str) -> str:
        """What was said, in words.

        Raises:
            OutsideError: the engine failed.
        """
