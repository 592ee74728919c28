"""The one short-time Fourier transform that TFJP's six operators share. Tests: tests/data/test_stft.py."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

N_FFT = 400  # samples: 25 ms at 16 kHz (ruling 9)
HOP = 160  # samples: 10 ms
EDGE = (N_FFT - HOP) // 2  # a frame stands in the middle of its hop

Spectrum = NDArray[np.complex64]
Samples = NDArray[np.float32]


@lru_cache
def window() -> NDArray[np.float32]:
    """Periodic Hann, float32 [400]."""
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(N_FFT) / N_FFT)).astype(np.float32)


def stft(samples: Samples) -> Spectrum:
    """Frames of a clip, complex64 [hops, 201]; the clip is padded with zeros to whole hops."""
    hops = -(-len(samples) // HOP)
    if not hops:
        return np.zeros((0, N_FFT // 2 + 1), np.complex64)
    padded = np.zeros(hops * HOP + 2 * EDGE, np.float32)
    padded[EDGE : EDGE + len(samples)] = samples
    frames = sliding_window_view(padded, N_FFT)[::HOP] * window()
    return np.asarray(np.fft.rfft(frames, axis=1), np.complex64)


def istft(spectrum: Spectrum) -> Samples:
    """Samples of frames by weighted overlap-add, float32 [hops · 160]; where frames were dropped they cross-fade."""
    hops = len(spectrum)
    frames = np.asarray(np.fft.irfft(spectrum, n=N_FFT, axis=1) * window(), np.float32)
    return np.asarray(_overlap_add(frames, hops) / _weights(hops), np.float32)


def bin_power(spectrum: Spectrum) -> NDArray[np.float32]:
    """Squared magnitude of each bin, float32 [hops, 201]."""
    squares = np.square(np.ascontiguousarray(spectrum).view(np.float32))  # real and imaginary by turns
    return np.asarray(squares[:, ::2] + squares[:, 1::2], np.float32)


def frame_power(spectrum: Spectrum) -> NDArray[np.float32]:
    """Mean square of each windowed frame, float32 [hops], so that a full-scale sine gives 0.5 (Parseval)."""
    parts = np.ascontiguousarray(spectrum).view(np.float32)
    total = 2 * np.einsum("ij,ij->i", parts, parts)  # both halves of the band; its two edges have no other half
    total -= np.square(parts[:, 0]) + np.square(parts[:, -2])
    return np.asarray(total / (N_FFT * np.square(window()).sum()), np.float32)


def _overlap_add(frames: NDArray[np.float32], hops: int) -> Samples:
    """Add frames at their hops and keep the hops themselves; three passes, one for each overlap."""
    out = np.zeros((hops + 3) * HOP, np.float32)
    for part in range(3):
        piece = frames[:, part * HOP : (part + 1) * HOP]
        width = piece.shape[1]
        target = out[part * HOP : part * HOP + hops * HOP].reshape(hops, HOP)
        target[:, :width] += piece
    return out[EDGE : EDGE + hops * HOP]


def _weights(hops: int) -> Samples:
    """Sum of squared windows at each sample; it repeats but for the edges."""
    inner = _overlap_add(np.broadcast_to(np.square(window()), (7, N_FFT)).copy(), 7)
    if hops <= 7:
        return _overlap_add(np.broadcast_to(np.square(window()), (hops, N_FFT)).copy(), hops)
    body = np.tile(inner[3 * HOP : 4 * HOP], hops)
    body[: 3 * HOP], body[-3 * HOP :] = inner[: 3 * HOP], inner[-3 * HOP :]
    return body
