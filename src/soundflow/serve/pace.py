"""Sound that comes faster than it lasts, such as a file that is uploaded, is let through as if it were live.

The stream itself never waits: what arrives while it speaks is decided together with what follows (ruling 8). That is
right for a microphone and would make a file, most of which arrives during its first reply, one single decision.
Tests: tests/serve/test_pace.py.
"""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from soundflow.stream.clock import Clock

Samples = NDArray[np.float32]

_LEAD_SECONDS = 0.6  # a live source may be ahead of the clock by this much; a chunk and a half, chosen
_RATE_OF_CLOCK = 1.05  # sound cards run a little fast; chosen


class Pace:
    """Holds sound that is ahead of the clock until the stream has decided all it was given.

    Args:
        chunk_samples: of one decision.
        sample_rate: in Hz.
        clock: what "live" is measured by.
    """

    def __init__(self, chunk_samples: int, sample_rate: int, clock: Clock) -> None:
        self._chunk = chunk_samples
        self._rate = sample_rate * _RATE_OF_CLOCK
        self._clock = clock
        self._seen_at = clock.now()
        self._room = self._most = _LEAD_SECONDS * sample_rate
        self._blocks: deque[Samples] = deque()
        self._passed = 0

    @property
    def passed(self) -> int:
        """Samples that were let through."""
        return self._passed

    @property
    def waiting(self) -> int:
        """Samples that are held."""
        return sum(map(len, self._blocks))

    def put(self, samples: Samples) -> None:
        """Sound that arrived, float32 [n], any n."""
        if len(samples):
            self._blocks.append(samples)

    def drop(self) -> None:
        """Forget what is held."""
        self._blocks.clear()

    def take(self, is_idle: bool) -> list[Samples]:
        """What the stream may have now, oldest first.

        Args:
            is_idle: the stream has decided every whole chunk it was given and is not speaking: it gets what completes
                the next chunk, however early that is.
        """
        now = self._clock.now()
        self._room = min(self._most, self._room + max(0.0, now - self._seen_at) * self._rate)
        self._seen_at = now
        missing = self._chunk - self._passed % self._chunk
        wanted = max(int(self._room), missing if is_idle else 0)
        taken: list[Samples] = []
        while wanted and self._blocks:
            block = self._blocks.popleft()
            taken.append(block[:wanted])
            if len(block) > wanted:
                self._blocks.appendleft(block[wanted:])
            wanted -= len(taken[-1])
        passed = sum(map(len, taken))
        self._passed += passed
        self._room = max(0.0, self._room - passed)
        return taken
