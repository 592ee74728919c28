"""What a maker of sounds must do: an endpoint, or a rule of our own. Tests: tests/data/generate/test_source.py."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from soundflow.data.generate.catalogue import generated_sound
from soundflow.data.generate.clip import generator_for

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class SoundRequest:
    """A sound that is wanted: its label, a caption of it, about how long, and which of several."""

    label: str
    caption: str
    seconds: float
    number: int = 0


class SoundSource(Protocol):
    """Makes sounds. Whatever it makes is synthetic, for ever."""

    @property
    def name(self) -> str:
        """Who it is: the `source` of what it makes."""

    @property
    def licence(self) -> str:
        """What may be done with what it makes."""

    def make(self, request: SoundRequest) -> Samples:
        """A sound, float32 [n], 16 kHz.

        Raises:
            InputError: it cannot make this one.
            OutsideError: it failed.
        """


@dataclass(frozen=True)
class ByRule:
    """The procedural synthesiser: offline, and the same samples for the same request and seed."""

    seed: int = 0
    name: str = "soundflow"
    licence: str = "CC0-1.0"

    def make(self, request: SoundRequest) -> Samples:
        """A sound, float32 [n], 16 kHz; its length is the sound's own.

        Raises:
            UsageError: there is no rule for the label (`generate.unknown`).
        """
        return generated_sound(request.label, generator_for(self.seed, request.number, request.label))
