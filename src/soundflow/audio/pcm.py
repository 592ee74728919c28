"""Plain samples: int16 bytes, channels, and what makes them unfit to hear. Tests: tests/audio/test_pcm.py."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
from numpy.typing import NDArray

from soundflow.errors import InputError

SAMPLE_RATE = 16_000  # Hz, everywhere behind this door
INT16_SCALE = 32_768.0  # full scale of s16le
LOUDEST = 1e6  # 120 dB above full scale; beyond it a sample is a decoding accident, and its power would overflow

Samples = NDArray[np.float32]

_log = logging.getLogger(__name__)


def from_s16le(raw: bytes | bytearray | memoryview) -> Samples:
    """Signed 16-bit little-endian mono bytes to float32 [n] in -1..1.

    Raises:
        InputError: an odd number of bytes (`audio.pcm`).
    """
    if len(raw) % 2:
        raise InputError("audio.pcm", f"{len(raw)} bytes of 16-bit samples", "send whole samples of two bytes")
    return (np.frombuffer(raw, "<i2") / np.float32(INT16_SCALE)).astype(np.float32, copy=False)


def to_s16le(samples: Samples) -> bytes:
    """Float32 samples to signed 16-bit little-endian bytes, clipped at full scale."""
    scaled = np.rint(np.asarray(samples, np.float64) * INT16_SCALE)
    return np.clip(scaled, -INT16_SCALE, INT16_SCALE - 1).astype("<i2").tobytes()


def to_mono(frames: NDArray[np.float32]) -> Samples:
    """The mean of all channels: float32 [n] or [n, channels] to [n]."""
    if frames.ndim == 1:
        return frames
    return frames[:, 0] if frames.shape[1] == 1 else frames.mean(axis=1, dtype=np.float32)


def check_samples(samples: NDArray[Any]) -> None:
    """Refuse an array that is no sound of one channel: whole numbers would be heard thousands of times too loud.

    Raises:
        InputError: not one-dimensional floats (`audio.shape`, `audio.dtype`).
    """
    if samples.ndim != 1:
        raise InputError("audio.shape", f"samples of shape {samples.shape}", "feed one channel: a flat array")
    if samples.dtype.kind != "f":
        raise InputError(
            "audio.dtype", f"samples of type {samples.dtype}", "feed float32 in -1..1; divide int16 by 32768 first"
        )


class Cleaner:
    """Puts zero where a sample is not a number, and says so once; sound that has no number at all is an error.

    Args:
        name: what the sound is called in messages: a path, or `standard input`.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.samples = 0
        self.replaced = 0

    def clean(self, samples: Samples) -> Samples:
        """Float32 [n] with finite values of at most `LOUDEST` only."""
        self.samples += len(samples)
        good = np.abs(samples) <= LOUDEST
        if good.all():
            return samples
        if not self.replaced:
            _log.warning("%s holds samples that are not numbers; zeros stand in for them", self.name)
        self.replaced += int(len(good) - np.count_nonzero(good))
        return np.where(good, samples, np.float32(0.0))

    def end(self) -> None:
        """Say at the sound's end whether there was anything to hear.

        Raises:
            InputError: no sample at all (`audio.empty`) or not one that is a number (`audio.nan`).
        """
        if not self.samples:
            raise InputError("audio.empty", f"{self.name} holds no sound", "give a recording of at least one sample")
        if self.replaced == self.samples:
            raise InputError("audio.nan", f"{self.name} holds no number, only NaN or infinity", "export it again")
