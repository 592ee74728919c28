"""A moment of quiet around a recording that is heard as a stream (docs/decisions/0020).

No stream that was learned from begins or ends in the middle of a word, and many an answer is due behind the sound.
Tests: tests/audio/test_quiet.py.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LEAD_CHUNKS, TRAIL_CHUNKS = 2, 1  # of quiet before and behind the recording; chosen on held-out recordings
_QUIET = 0.001  # deviation of that quiet's noise, full scale 1: no sound is digital silence; chosen


def in_quiet(samples: NDArray[np.float32], chunk_samples: int) -> NDArray[np.float32]:
    """A recording with quiet before and behind it, in whole chunks: the last one is filled up with quiet as well.

    Args:
        samples: float32 [n], 16 kHz, full scale 1.
        chunk_samples: samples of a chunk.

    Returns:
        float32 [(LEAD_CHUNKS + ceil(n / chunk_samples) + TRAIL_CHUNKS) · chunk_samples], the same each time.
    """
    lead = LEAD_CHUNKS * chunk_samples
    trail = TRAIL_CHUNKS * chunk_samples + (-len(samples) % chunk_samples)
    quiet = np.random.default_rng(0).normal(0.0, _QUIET, lead + trail).astype(np.float32)
    return np.concatenate([quiet[:lead], samples, quiet[lead:]])
