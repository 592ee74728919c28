"""Time-frequency joint preprocessing: a clip made smooth, clean and aligned for stitching (paper, Algorithm 1).

Six operators over one STFT. A clip whose quietest frames are as loud as its mean has no separable noise: its
profile is empty, so that a steady sound is not subtracted from itself (docs/decisions/0006). Tests:
tests/data/test_tfjp.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from soundflow.data.stft import HOP, Samples, Spectrum, frame_power, istft, stft
from soundflow.errors import InputError

Power = NDArray[np.float32]

SILENT_DBFS = -70.0  # ruling 9: at or below this a frame is silent whatever the clip
ENERGY_PERCENTILE = 10  # paper, appendix: silence_cut's gate
NOISE_SHARE = 0.05  # paper, appendix: the lowest-energy 5 % of frames
SEPARABLE_SHARE = 0.03  # most of a clip's mean power that can be noise (-15 dB); chosen, see the module's docstring
STABLE_DB = 0.5  # ruling 9: a profile that moved less has settled
CORE_RANGE_DB = 45.0  # below the loudest frame by this much a frame counts nothing towards the core; chosen
CORE_THRESHOLD = 0.1  # share of the best score from which a frame adds to the core; chosen

CORE_MARGIN_FRAMES = 4  # kept on both sides of the span, so that the taper does not touch an attack; chosen


@dataclass(frozen=True)
class TfjpConfig:
    """The paper's constants. `aligned_seconds` is δ, half a chunk; `smooth_seconds` is ω; `silence_seconds` is τ."""

    silence_seconds: float = 0.3
    aligned_seconds: float = 0.2
    smooth_seconds: float = 0.02
    most_iterations: int = 3  # K, of the inner loop and of returns to stage 1
    gamma: float = 1.0  # spectral subtraction's coefficient


@dataclass(frozen=True)
class TfjpResult:
    """What TFJP made of a clip; `empty`: there was nothing to locate.

    `samples` float32 16 kHz; `iterations` of the inner loop in all; `returns` to stage 1.
    """

    samples: Samples
    iterations: int
    returns: int
    empty: bool


def tfjp(samples: Samples, config: TfjpConfig | None = None) -> TfjpResult:
    """Run Algorithm 1 on one clip.

    Args:
        samples: float32 [n], 16 kHz mono.

    Returns:
        A clip whose length is a multiple of δ and whose silent runs are at most τ; empty samples when all is silent.

    Raises:
        InputError: samples that are not finite.

    Source: paper §3.2, Algorithm 1, appendix "Streaming Data Construction"; ruling 9.
    """
    config = config or TfjpConfig()
    if not np.isfinite(samples).all():
        raise InputError("tfjp.not_finite", "the clip holds values that are not finite", "decode it again")
    spectrum = stft(np.asarray(samples, np.float32))
    iterations, returns = 0, 0
    while True:
        settled, used = _settle(spectrum, config)
        iterations += used
        span = core_locate(settled)
        if span is None:
            return TfjpResult(np.zeros(0, np.float32), iterations, returns, True)
        aligned = boundary_norm(settled, span, config)
        checked = silence_cut(aligned, config.silence_seconds)
        # a pass that still shortened the clip is followed by another, so that a second application finds nothing
        changed = len(checked) != len(aligned) or len(aligned) != len(spectrum)
        if not changed or returns == config.most_iterations:
            return TfjpResult(spec_smooth(istft(aligned), config), iterations, returns, False)
        spectrum, returns = checked, returns + 1


def silence_cut(spectrum: Spectrum, limit_seconds: float) -> Spectrum:
    """Shorten each silent run longer than the limit to the limit, by dropping frames from its middle."""
    silent = silent_frames(frame_power(spectrum))
    limit = round(limit_seconds * 100)
    keep = np.ones(len(silent), bool)
    for start, end in runs(silent):
        surplus = end - start - limit
        if surplus > 0:
            middle = start + (end - start - surplus) // 2
            keep[middle : middle + surplus] = False
    return spectrum if keep.all() else spectrum[keep]


def silent_frames(power: Power) -> NDArray[np.bool_]:
    """Frames at or below the 10th percentile of the clip's energies or below -70 dBFS, bool [hops] (ruling 9)."""
    if len(power) == 0:
        return np.zeros(0, bool)
    place = (len(power) - 1) * ENERGY_PERCENTILE // 100
    gate = np.partition(power, place)[place]
    return np.asarray((power <= gate) | (power < 10 ** (SILENT_DBFS / 10)))


def runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Half-open spans of True."""
    edges = np.flatnonzero(np.diff(np.r_[0, flags.astype(np.int8), 0]))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def noise_profile(spectrum: Spectrum) -> Power:
    """The stationary noise: mean power spectrum of the quietest 5 % of frames, float32 [201].

    Zeros when it cannot be separated from the sound (docs/decisions/0006).
    """
    if not len(spectrum):
        return np.zeros(spectrum.shape[1], np.float32)
    power = frame_power(spectrum)
    count = max(1, round(len(power) * NOISE_SHARE))
    quiet = np.argpartition(power, count - 1)[:count]
    if power[quiet].mean() > SEPARABLE_SHARE * power.mean():
        return np.zeros(spectrum.shape[1], np.float32)
    found = spectrum[quiet]
    return np.asarray((np.square(found.real) + np.square(found.imag)).mean(axis=0), np.float32)


def denoise(spectrum: Spectrum, noise: Power, gamma: float) -> Spectrum:
    """Spectral subtraction: power less γ times the noise, phase kept, nothing below zero."""
    if not noise.any():
        return spectrum
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    gain = np.sqrt(np.maximum(0.0, 1.0 - gamma * noise / np.maximum(power, 1e-20)))
    return np.asarray(spectrum * gain.astype(np.float32), np.complex64)


def stable(removed: int, before: Power, after: Power) -> bool:
    """Whether the inner loop has settled: nothing was cut and the noise moved less than 0.5 dB (ruling 9)."""
    floor = 1e-12
    moved = 10 * abs(np.log10((after.mean() + floor) / (before.mean() + floor)))
    return removed == 0 and bool(moved < STABLE_DB)


def core_locate(spectrum: Spectrum) -> tuple[int, int] | None:
    """The densest informative span in frames, half-open, or None when all is silent.

    A frame's score is its normalised energy less what its spectral entropy takes; the span maximises the sum of
    score above a share of the best. Inside such a span the best and the span are the same, so a second look finds it
    again.
    """
    power = frame_power(spectrum)
    if len(power) == 0 or power.max() < 10 ** (SILENT_DBFS / 10):
        return None
    level = 10 * np.log10(np.maximum(power, 1e-12))
    energy = np.clip(1 + (level - level.max()) / CORE_RANGE_DB, 0, 1)
    score = energy * (1 - 0.5 * spectral_entropy(spectrum))
    start, end = densest(score - CORE_THRESHOLD * score.max())
    return max(0, start - CORE_MARGIN_FRAMES), min(len(power), end + CORE_MARGIN_FRAMES)


def spectral_entropy(spectrum: Spectrum) -> Power:
    """Entropy of each frame's power spectrum over its maximum, float32 [hops] in 0..1."""
    power = np.square(spectrum.real) + np.square(spectrum.imag) + 1e-20
    share = power / power.sum(axis=1, keepdims=True)
    return np.asarray(-(share * np.log(share)).sum(axis=1) / np.log(power.shape[1]), np.float32)


def densest(gain: NDArray[np.floating]) -> tuple[int, int]:
    """The half-open span with the largest sum (Kadane's algorithm, by prefix sums)."""
    total = np.r_[0.0, np.cumsum(gain)]
    lowest = np.minimum.accumulate(total[:-1])
    end = int(np.argmax(total[1:] - lowest)) + 1
    start = int(np.argmin(total[:end]))
    return start, end


def boundary_norm(spectrum: Spectrum, span: tuple[int, int], config: TfjpConfig) -> Spectrum:
    """Snap a span to the nearest δ boundaries, at least one δ long; frames past the clip are silence."""
    step = round(config.aligned_seconds * 100)
    start = min(span[0] // step * step if span[0] % step * 2 <= step else (span[0] // step + 1) * step, len(spectrum))
    end = max((span[1] + step // 2) // step * step, start + step)
    inside = spectrum[start:end]
    missing = end - start - len(inside)
    if not missing:
        return inside
    return np.concatenate([inside, np.zeros((missing, spectrum.shape[1]), spectrum.dtype)])


def spec_smooth(samples: Samples, config: TfjpConfig) -> Samples:
    """A Hann taper of length ω at both ends."""
    return fade(samples, round(config.smooth_seconds * 100 * HOP))


def fade(samples: Samples, length: int) -> Samples:
    """Raise and lower both ends with half a Hann window of `length` samples."""
    length = min(length, len(samples) // 2)
    if length == 0:
        return samples
    ramp = (0.5 - 0.5 * np.cos(np.pi * (np.arange(length) + 0.5) / length)).astype(np.float32)
    out = samples.copy()
    out[:length] *= ramp
    out[-length:] *= ramp[::-1]
    return out


def _settle(spectrum: Spectrum, config: TfjpConfig) -> tuple[Spectrum, int]:
    """The early loop: cut and denoise until the statistics are stable, at most K times."""
    last = np.ones(spectrum.shape[1], np.float32)  # far from any profile: the first is never stable
    iterations = 0
    while iterations < config.most_iterations:
        iterations += 1
        cut = silence_cut(spectrum, config.silence_seconds)
        noise = noise_profile(cut)
        removed = len(spectrum) - len(cut)
        spectrum = denoise(cut, noise, config.gamma)
        if stable(removed, last, noise) or (removed == 0 and not noise.any()):
            break
        last = noise
    return spectrum, iterations
