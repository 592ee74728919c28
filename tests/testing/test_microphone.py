"""The microphone that plays what it is given."""

from __future__ import annotations

import numpy as np
import pytest

from soundflow.errors import OutsideError
from soundflow.testing.clock import FakeClock
from soundflow.testing.microphone import FakeMicrophone


def test_blocks_add_up_and_move_the_clock() -> None:
    clock = FakeClock(1.0)
    sound = np.arange(4000, dtype=np.float32)
    blocks, times = [], []
    for block in FakeMicrophone(sound, 1600, clock):
        blocks.append(block)
        times.append(clock.now())
    assert np.array_equal(np.concatenate(blocks), sound)
    assert times == pytest.approx([1.1, 1.2, 1.25])


def test_it_can_be_unplugged() -> None:
    with pytest.raises(OutsideError):
        list(FakeMicrophone(np.zeros(16_000, np.float32), unplugged_at=0.35))
