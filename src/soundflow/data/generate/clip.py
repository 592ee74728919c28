"""What every generator hands out, and the seeds it draws from. Tests: tests/data/generate/test_clip.py."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from soundflow.audio.pcm import SAMPLE_RATE

MIN_SECONDS = 0.25  # a shorter chirp gets silence after it: clips below 0.15 s are not used anywhere

Samples = NDArray[np.float32]
Recipe = dict[str, float | int | str]


@dataclass(frozen=True, eq=False)
class GeneratedClip:
    """One generated sound.

    Args:
        samples: float32 [n], 16 kHz mono, within -1..1.
        label: what it sounds like, a label of the event list.
        recipe: the generator's name, its style and every number drawn for it; fit for JSON.
        synthetic: always True.
    """

    samples: Samples
    label: str
    recipe: Recipe
    synthetic: Literal[True] = True


def generator_for(seed: int, index: int, purpose: str) -> np.random.Generator:
    """The random numbers of one clip: the same for the same (seed, index, purpose) on any worker."""
    return np.random.default_rng([seed, index, zlib.crc32(purpose.encode())])


def finish(sound: NDArray[np.float64], label: str, recipe: Recipe, rng: np.random.Generator) -> GeneratedClip:
    """Bring a sound to a drawn peak of -18 to -1 dBFS; the recipe keeps it as `peak_dbfs`."""
    peak_dbfs = float(rng.uniform(-18.0, -1.0))
    loudest = float(np.abs(sound).max(initial=0.0)) or 1.0
    sound = np.pad(sound, (0, max(0, round(MIN_SECONDS * SAMPLE_RATE) - len(sound))))
    samples = (sound * (10.0 ** (peak_dbfs / 20.0) / loudest)).astype(np.float32)
    return GeneratedClip(samples, label, {**recipe, "peak_dbfs": peak_dbfs, "seconds": len(samples) / SAMPLE_RATE})
