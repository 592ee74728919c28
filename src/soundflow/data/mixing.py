"""Levels and tiling: the arithmetic of composition, without any notion of a stream.

Tests: tests/data/test_mixing.py.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

FRAME = 400  # samples: 25 ms
ACTIVE_BELOW_PEAK_DB = 40.0  # a frame is active when its power is within this of the loudest frame's; chosen


def frame_levels(samples: Samples) -> NDArray[np.float32]:
    """Mean square of each 25 ms frame, float32 [frames]; a rest shorter than a frame is left out."""
    whole = len(samples) // FRAME * FRAME
    frames = samples[:whole].reshape(-1, FRAME)
    return np.asarray(np.einsum("ij,ij->i", frames, frames) / FRAME, np.float32)


def active(samples: Samples) -> NDArray[np.bool_]:
    """Frames that sound, bool [frames]; none in silence."""
    power = frame_levels(samples)
    peak = power.max(initial=0.0)
    return np.asarray((power > peak * 10 ** (-ACTIVE_BELOW_PEAK_DB / 10)) & (power > 0))


def active_power(samples: Samples, over: Samples | None = None) -> float:
    """Mean power over the frames where `over` (by default the samples themselves) sounds; over all when none does."""
    power = frame_levels(samples)
    where = active(samples if over is None else over)
    return float(power[where].mean() if where.any() else power.mean()) if len(power) else 0.0


def level_of(samples: Samples) -> float:
    """Level of the active frames in dBFS (a full-scale square wave is 0); shorter than a frame: of all samples."""
    power = active_power(samples) if len(samples) >= FRAME else float(np.square(samples).mean())
    return float(10 * np.log10(max(power, 1e-12)))


def tile_crossfade(samples: Samples, length: int, crossfade: int, rng: np.random.Generator) -> tuple[Samples, int]:
    """Repeat a recording over `length` samples, crossfading where it begins again; starts at a random place.

    Returns:
        float32 [length], and the sample of the recording it starts at.
    """
    offset = int(rng.integers(0, max(1, len(samples) - length + 1 if len(samples) > length else len(samples))))
    return tile_from(samples, length, crossfade, offset), offset


def tile_from(samples: Samples, length: int, crossfade: int, offset: int) -> Samples:
    """As `tile_crossfade`, from a given sample of the recording, float32 [length]."""
    out = np.zeros(length, np.float32)
    piece = samples[offset : offset + length]
    out[: len(piece)] = piece
    at = len(piece)
    while at < length:
        overlap = min(crossfade, at, len(samples) // 2)
        piece = samples[: length - at + overlap]
        ramp = np.sqrt((np.arange(overlap, dtype=np.float32) + 0.5) / max(1, overlap))
        out[at - overlap : at] = out[at - overlap : at] * ramp[::-1] + piece[:overlap] * ramp
        out[at : at + len(piece) - overlap] = piece[overlap:]
        at += max(1, len(piece) - overlap)
    return out
