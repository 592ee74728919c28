"""Sound cut into chunks of one length, however it arrives. Tests: tests/audio/test_chunking.py."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from soundflow.errors import UsageError

Samples = NDArray[np.float32]


class Chunker:
    """Collects samples and hands out whole chunks; holds less than one chunk between calls.

    Args:
        chunk_samples: samples of a chunk, at least 1.

    Raises:
        UsageError: `chunk_samples` is below 1 (`chunk.length`).
    """

    def __init__(self, chunk_samples: int) -> None:
        if chunk_samples < 1:
            raise UsageError("chunk.length", f"a chunk of {chunk_samples} samples", "give at least 1")
        self.chunk_samples = chunk_samples
        self._partial = np.zeros(chunk_samples, np.float32)
        self._filled = 0

    @property
    def pending_samples(self) -> int:
        """Samples that wait for their chunk to become whole."""
        return self._filled

    @property
    def pending(self) -> Samples:
        """A copy of those samples."""
        return self._partial[: self._filled].copy()

    def feed(self, samples: Samples) -> list[Samples]:
        """Take in float32 [n] and return the chunks, float32 [chunk_samples] each, that became whole."""
        chunks: list[Samples] = []
        start = 0
        while start < len(samples):
            taken = min(self.chunk_samples - self._filled, len(samples) - start)
            self._partial[self._filled : self._filled + taken] = samples[start : start + taken]
            self._filled += taken
            start += taken
            if self._filled == self.chunk_samples:
                chunks.append(self._partial)
                self._partial = np.zeros(self.chunk_samples, np.float32)
                self._filled = 0
        return chunks

    def end(self) -> list[Samples]:
        """The last chunk, filled up with zeros, or nothing when the sound ended on a border."""
        if not self._filled:
            return []
        return self.feed(np.zeros(self.chunk_samples - self._filled, np.float32))
