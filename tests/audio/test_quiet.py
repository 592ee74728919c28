"""Quiet around a recording that is asked about."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from soundflow.audio.quiet import LEAD_CHUNKS, TRAIL_CHUNKS, in_quiet

CHUNK = 6400


@given(st.integers(1, 3 * CHUNK))
def test_a_recording_stands_whole_in_quiet_and_its_last_chunk_is_filled_up(samples: int) -> None:
    recording = np.ones(samples, np.float32)
    heard, lead = in_quiet(recording, CHUNK), LEAD_CHUNKS * CHUNK
    assert heard.dtype == np.float32
    assert len(heard) == (LEAD_CHUNKS - (-samples // CHUNK) + TRAIL_CHUNKS) * CHUNK
    assert np.array_equal(heard[lead : lead + samples], recording)
    around = np.concatenate([heard[:lead], heard[lead + samples :]])
    level = 20 * np.log10(np.sqrt(np.mean(around**2)))
    assert -61 < level < -59, "quiet, and no digital silence"
