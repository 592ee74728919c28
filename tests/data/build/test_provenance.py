"""Provenance: every second says which second of which recording it is."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soundflow.data.build.provenance import per_second
from soundflow.data.mixing import tile_from
from soundflow.data.timeline import NoiseTrack, StreamEvent, Timeline

EVENT = StreamEvent(1.5, 3.25, 3.1, "cow", "event", "foreground", "ignore", None, "c1", "r1", "CC0", "farm", -3.0, 0.5)


def line(noise: tuple[NoiseTrack, ...] = (), seconds: float = 4.0) -> Timeline:
    return Timeline(seconds, 0.4, None, "t", (EVENT,), noise, scale_db=-1.0)


def test_an_event_is_in_the_seconds_it_sounds_in() -> None:
    found = list(per_second({}, line()))
    assert [(t.second, t.seconds, t.offset) for t in found] == [(1, 0.5, 0.5), (2, 1.0, 1.0), (3, 0.25, 2.0)]
    assert {(t.recording, t.licence, t.gain_db) for t in found} == {("r1", "CC0", -4.0)}


@settings(max_examples=40, deadline=None)
@given(st.integers(8, 60), st.integers(0, 79), st.integers(0, 10))
def test_noise_says_the_second_that_tiling_laid_there(length: int, start: int, crossfade: int) -> None:
    """A ramp as a recording: its value is its own place."""
    length, start = length * 1600, (start % length) * 1600
    tiled = tile_from(np.arange(length, dtype=np.float32), 16_000 * 12, crossfade * 160, start)
    noise = NoiseTrack("hiss", "n", "r", "CC0", "s", "event", 5.0, -20.0, start / 16_000)
    told = {"noise_seconds": {"n": length / 16_000}, "crossfade_seconds": crossfade / 100}
    for trace in per_second(told, dataclasses.replace(line((noise,), 12.0), events=())):
        laid = float(tiled[trace.second * 16_000])
        in_crossfade = abs(laid - trace.offset * 16_000) > 2
        assert not in_crossfade or crossfade, (trace, laid)
        if not in_crossfade:
            assert trace.offset * 16_000 == pytest.approx(laid, abs=2)
