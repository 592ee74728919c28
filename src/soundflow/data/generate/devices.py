"""The devices alarms are played on: piezo beepers, loudspeakers, buzzers, bars and bells, each one drawn anew.

Tests: tests/data/generate/test_devices.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from soundflow.data.generate.clip import Recipe
from soundflow.data.generate.oscillators import Wave, arrange, gate, harmonic, square_weights, struck, times

Rng = np.random.Generator
Pulses = Sequence[tuple[float, float]]  # start and length, both in seconds

_BAR_RATIOS = (1.0, 2.756, 5.404)  # a free metal bar
_BELL_RATIOS = (1.0, 1.52, 2.0, 2.51, 3.0, 4.1)  # a small gong: dense, not harmonic


def drawn_level(rng: Rng, low: float, high: float) -> float:
    return float(10.0 ** (rng.uniform(low, high) / 20.0))


def log_uniform(rng: Rng, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


@dataclass(frozen=True)
class Beeper:
    """One device: the tone it makes and how it starts and stops."""

    hertz: float
    weights: tuple[float, ...]
    attack: float  # seconds
    release: float  # seconds
    glide: float  # relative error of the pitch at the start of a pulse
    settle: float  # seconds in which that error falls to 1/e

    def beep(self, seconds: float, bend: Wave | float = 1.0) -> Wave:
        """One pulse; `bend` multiplies the pitch, sample by sample."""
        pitch = self.hertz * (1.0 + self.glide * np.exp(-times(seconds) / self.settle)) * bend
        return harmonic(pitch, self.weights, seconds) * gate(seconds, self.attack, self.release)

    def play(self, pulses: Pulses) -> Wave:
        return arrange((start, self.beep(seconds)) for start, seconds in pulses)

    def recipe(self) -> Recipe:
        return {"hertz": self.hertz, "attack": self.attack, "release": self.release, "glide": self.glide}


def piezo(rng: Rng, hertz: float) -> Beeper:
    """A disc near its resonance: nearly a sine, its even harmonics weak, its odd ones a little less so."""
    weights = [1.0, drawn_level(rng, -40, -16), drawn_level(rng, -34, -10), drawn_level(rng, -45, -22)]
    weights += [drawn_level(rng, -40, -18), drawn_level(rng, -50, -30), drawn_level(rng, -45, -24)]
    attack, release = log_uniform(rng, 0.001, 0.012), log_uniform(rng, 0.002, 0.03)
    return Beeper(hertz, tuple(weights), attack, release, rng.uniform(-0.006, 0.006), rng.uniform(0.01, 0.08))


def rectangle(rng: Rng, hertz: float, duty: float = 0.5) -> Beeper:
    """A loudspeaker fed with a rectangle: the upper harmonics fall by a drawn slope."""
    slope = rng.uniform(0.0, 0.12)
    weights = tuple(w * float(np.exp(-slope * n)) for n, w in enumerate(square_weights(24, duty)))
    return Beeper(hertz, weights, rng.uniform(0.002, 0.01), rng.uniform(0.003, 0.02), 0.0, 0.05)


@dataclass(frozen=True)
class Bar:
    """Something that rings when hit: partials, their levels and how long they last."""

    ratios: tuple[float, ...]
    levels: tuple[float, ...]
    decays: tuple[float, ...]  # seconds to 1/e

    @classmethod
    def drawn(cls, rng: Rng, longest: float = 0.7) -> Bar:
        """A real bar, or the imitation by a chip, whose partials are harmonic."""
        ratios = _BAR_RATIOS if rng.random() < 0.5 else (1.0, 2.0, 3.0, 5.0)
        decay = rng.uniform(0.3, 1.0) * longest
        levels = [1.0] + [drawn_level(rng, -36, -14) for _ in ratios[1:]]
        decays = [decay / ratio ** rng.uniform(0.5, 1.2) for ratio in ratios]
        return cls(ratios, tuple(levels), tuple(map(float, decays)))

    @classmethod
    def bell(cls, rng: Rng) -> Bar:
        """A small gong under a hammer; its high partials die first, which is what makes single blows heard."""
        ratios = tuple(float(ratio * rng.uniform(0.98, 1.02)) for ratio in _BELL_RATIOS)
        levels = tuple(drawn_level(rng, -14, 0) for _ in ratios)
        decays = tuple(float(rng.uniform(0.06, 0.3) / ratio) for ratio in ratios)
        return cls(ratios, levels, decays)

    def blow(self, hertz: float) -> Wave:
        """One blow, heard until the longest partial has fallen by 60 dB."""
        return struck(hertz, self.ratios, self.levels, self.decays, 6.9 * max(self.decays))
