"""A microphone that plays what a test gives it. Tests: tests/testing/test_microphone.py."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from soundflow.errors import OutsideError
from soundflow.stream.clock import Clock

_SAMPLE_RATE = 16_000  # Hz


class FakeMicrophone:
    """Gives blocks of the samples, moving the clock to each block's end; may fail after some seconds.

    Args:
        samples: float32 [n], 16 kHz mono.
        block_samples: samples of a block; the last may be shorter.
        clock: moved to the moment at which each block is complete; None leaves time alone.
        unplugged_at: seconds after which the device is gone.
    """

    def __init__(
        self,
        samples: NDArray[np.float32],
        block_samples: int = 1600,
        clock: Clock | None = None,
        unplugged_at: float | None = None,
    ) -> None:
        self._samples = samples
        self._block = block_samples
        self._clock = clock
        self._unplugged_at = unplugged_at

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        start_at = 0.0 if self._clock is None else self._clock.now()
        for start in range(0, len(self._samples), self._block):
            block = self._samples[start : start + self._block]
            seconds = (start + len(block)) / _SAMPLE_RATE
            if self._unplugged_at is not None and seconds > self._unplugged_at:
                raise OutsideError("microphone.gone", "the microphone stopped", "plug it in again")
            if self._clock is not None:
                self._clock.wait_until(start_at + seconds)
            yield block
