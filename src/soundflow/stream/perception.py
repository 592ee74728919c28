"""The encoder's half of a stream: samples in, encoded chunks out. It knows nothing of decisions.

Tests: tests/stream/test_perception.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from soundflow.audio.log_mel import StreamingLogMel
from soundflow.audio.pcm import check_samples
from soundflow.model.bundle import Bundle
from soundflow.model.config import SAMPLE_RATE

Samples = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class EncodedChunk:
    """One chunk's features, [1, audio positions, width], its 0-based index and the moment its last sample came in."""

    index: int
    features: Tensor
    arrived_at: float


@dataclass(frozen=True, eq=False)
class MelChunk:
    """One chunk before the encoder: log-mel [mel bins, frames]; else as `EncodedChunk`."""

    index: int
    mel: Tensor
    arrived_at: float


class Perception:
    """Cuts a stream into chunks and encodes each as soon as it is whole."""

    def __init__(self, bundle: Bundle) -> None:
        self.chunk_samples = bundle.config.chunk_samples
        self.samples = 0
        self.chunks = 0
        self._network = bundle.network
        self._log_mel = StreamingLogMel(bundle.config.front_end())

    def pieces(self, samples: Samples) -> Iterator[Samples]:
        """Cut a call's samples at the chunk borders, so that each chunk can be stamped when it is whole.

        Raises:
            InputError: not one-dimensional floats (`audio.shape`, `audio.dtype`).
        """
        whole = checked(samples)
        start = 0
        while start < len(whole):
            end = start + self.chunk_samples - self.samples % self.chunk_samples
            yield whole[start:end]
            start = end

    def hear(self, piece: Samples, arrived_at: float) -> list[EncodedChunk]:
        """Take one piece in, as `pieces` cut it, and return the chunk it completed, if any."""
        return [self._encode(chunk) for chunk in self.listen(piece, arrived_at)]

    def end(self, arrived_at: float) -> list[EncodedChunk]:
        """The last chunk, padded with zeros, or none when the stream ended on a border."""
        return [self._encode(chunk) for chunk in self.rest(arrived_at)]

    def listen(self, piece: Samples, arrived_at: float) -> list[MelChunk]:
        """As `hear`, for whoever encodes the chunks of many streams together."""
        self.samples += len(piece)
        return [self._numbered(mel, arrived_at) for mel in self._log_mel.feed(piece)]

    def rest(self, arrived_at: float) -> list[MelChunk]:
        """As `end`, not encoded."""
        return [self._numbered(mel, arrived_at) for mel in self._log_mel.end()]

    def snapshot(self) -> tuple[dict[str, Tensor], dict[str, int]]:
        """Arrays and values that `restore` goes on from."""
        return self._log_mel.snapshot(), {"samples": self.samples, "chunks": self.chunks}

    def restore(self, tensors: Mapping[str, Tensor], values: Mapping[str, int]) -> None:
        """Go on where `snapshot` was taken."""
        self._log_mel.restore(tensors)
        self.samples, self.chunks = values["samples"], values["chunks"]

    @property
    def seconds(self) -> float:
        """Seconds of sound heard."""
        return self.samples / SAMPLE_RATE

    def _numbered(self, mel: Tensor, arrived_at: float) -> MelChunk:
        self.chunks += 1
        return MelChunk(self.chunks - 1, mel, arrived_at)

    def _encode(self, chunk: MelChunk) -> EncodedChunk:
        with torch.inference_mode():
            features = self._network.encode(chunk.mel.unsqueeze(0))
        return EncodedChunk(chunk.index, features, chunk.arrived_at)


def checked(samples: Samples) -> Samples:
    """Sound as a flat float32 array without a bad sample in it.

    Raises:
        InputError: not one-dimensional floats (`audio.shape`, `audio.dtype`).
    """
    array = np.asarray(samples)
    check_samples(array)
    array = array.astype(np.float32, copy=False)
    # one bad sample must not poison the running floor and the cache for ever
    return array if np.isfinite(array.sum()) else np.nan_to_num(array, nan=0.0, posinf=0.0, neginf=0.0)
