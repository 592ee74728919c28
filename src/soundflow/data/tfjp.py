"""Time-frequency joint preprocessing: a clip made smooth, clean and aligned for stitching (paper, Algorithm 1).

Six operators over one STFT. A steady sound is not subtracted from itself (docs/decisions/0006), and noise is
subtracted once (docs/decisions/0010). Tests: tests/data/test_tfjp.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from soundflow.data.stft import HOP, Samples, Spectrum, bin_power, frame_power, istft, stft
from soundflow.errors import InputError

Power = NDArray[np.float32]

SILENT_DBFS = -70.0  # ruling 9: at or below this a frame is silent whatever the clip
ENERGY_PERCENTILE = 10  # paper, appendix: silence_cut's gate
NOISE_SHARE = 0.05  # paper, appendix: the lowest-energy 5 % of frames
SEPARABLE_SHARE = 0.03  # most of a clip's mean power that can be noise (-15 dB); chosen, docs/decisions/0006
STATIONARY_FLATNESS = 0.33  # steady noise has 0.56, e to minus Euler's constant; subtracted once, below 0.28; chosen
FLATNESS_SAMPLES = 8  # powers a bin's flatness is taken over at least; chosen
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
        settled, used, denoised = _settle(spectrum, config)
        iterations += used
        span = core_locate(settled)
        if span is None:
            return TfjpResult(np.zeros(0, np.float32), iterations, returns, True)
        aligned = boundary_norm(settled, span, config)
        smooth = spec_smooth(istft(aligned), config)
        heard = stft(smooth)  # the check hears what a second application would hear
        checked = silence_cut(heard, config.silence_seconds)
        # what was trimmed, or denoised for the first time, is looked at once more: the rest has other statistics
        changed = len(aligned) != len(spectrum) or len(checked) != len(heard) or (denoised and not returns)
        if not changed:
            return TfjpResult(smooth, iterations, returns, False)
        if returns == config.most_iterations:
            return TfjpResult(_on_the_grid(checked, config), iterations, returns, False)
        spectrum, returns = checked, returns + 1


def silence_cut(spectrum: Spectrum, limit_seconds: float) -> Spectrum:
    """Shorten each silent run longer than the limit to the limit, by dropping frames from its middle.

    What is left has another 10th percentile, so it is looked at again until no run is too long: cutting twice is
    cutting once.
    """
    power = frame_power(spectrum)
    limit = round(limit_seconds * 100)
    kept = np.arange(len(power))
    while not (stays := _without_surplus(silent_frames(power[kept]), limit)).all():
        kept = kept[stays]
    return spectrum if len(kept) == len(spectrum) else spectrum[kept]


def _without_surplus(silent: NDArray[np.bool_], limit: int) -> NDArray[np.bool_]:
    """Frames that stay when each silent run gives up what it has above the limit, bool [hops]."""
    stays = np.ones(len(silent), bool)
    for start, end in runs(silent):
        surplus = end - start - limit
        if surplus > 0:
            middle = start + (end - start - surplus) // 2
            stays[middle : middle + surplus] = False
    return stays


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


def noise_profile(spectrum: Spectrum, *, residue: bool = False) -> Power:
    """The stationary noise: mean power spectrum of the quietest 5 % of frames, float32 [201].

    Zeros when these frames are silent, cannot be separated from the sound (docs/decisions/0006) or do not hold
    stationary noise (docs/decisions/0010). `residue`: noise was found and subtracted in the round before, so what
    these frames still hold is the rest of it.
    """
    nothing = np.zeros(spectrum.shape[1], np.float32)
    if not len(spectrum):
        return nothing
    power = frame_power(spectrum)
    count = max(1, round(len(power) * NOISE_SHARE))
    quiet = np.argpartition(power, count - 1)[:count]
    level = power[quiet].mean()
    if level < 10 ** (SILENT_DBFS / 10) or level > SEPARABLE_SHARE * power.mean():
        return nothing
    found = bin_power(spectrum[quiet])
    return np.asarray(found.mean(axis=0), np.float32) if residue or flatness(found) >= STATIONARY_FLATNESS else nothing


def flatness(power: Power) -> float:
    """Geometric over arithmetic mean of each bin's power over the frames, mean of all bins, 0..1.

    Args:
        power: float32 [frames, bins]; where frames are few, neighbouring bins count as more of them.

    Steady noise scatters as chance has it; a fading sound, and noise that was subtracted once, scatter more.
    """
    frames, bins = power.shape
    together = -(-FLATNESS_SAMPLES // frames)
    groups = bins // together
    power = power[:, : groups * together].reshape(frames, groups, together) + np.float32(1e-20)
    return float(np.exp(np.log(power).mean(axis=(0, 2)) - np.log(power.mean(axis=(0, 2)))).mean())


def denoise(spectrum: Spectrum, noise: Power, gamma: float) -> Spectrum:
    """Spectral subtraction: power less γ times the noise, phase kept, nothing below zero."""
    if not noise.any():
        return spectrum
    power = bin_power(spectrum)
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
    power = bin_power(spectrum) + np.float32(1e-20)
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
    """Snap a span to the nearest δ boundaries; frames past the clip are silence.

    A span so short that both its ends have the same boundary is widened to the boundaries around it.
    """
    step = round(config.aligned_seconds * 100)
    start = -(-(2 * span[0] - step) // (2 * step)) * step
    end = (2 * span[1] + step) // (2 * step) * step
    if end <= start:
        start, end = span[0] // step * step, -(-span[1] // step) * step
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


def _settle(spectrum: Spectrum, config: TfjpConfig) -> tuple[Spectrum, int, bool]:
    """The early loop: cut and denoise until the statistics are stable, at most K times; iterations; any noise found."""
    last = np.ones(spectrum.shape[1], np.float32)  # far from any profile: the first is never stable
    iterations, denoised = 0, False
    while iterations < config.most_iterations:
        iterations += 1
        cut = silence_cut(spectrum, config.silence_seconds)
        noise = noise_profile(cut, residue=denoised)
        removed = len(spectrum) - len(cut)
        spectrum = denoise(cut, noise, config.gamma)
        if stable(removed, last, noise) or not noise.any():  # without noise another round would find the same
            break
        last, denoised = noise, True
    return spectrum, iterations, denoised


def _on_the_grid(spectrum: Spectrum, config: TfjpConfig) -> Samples:
    """Where K ends the search: what the last check left, less what exceeds whole δ; silence added could be too long."""
    step = round(config.aligned_seconds * 100)
    whole = max(len(spectrum) // step * step, step)
    return spec_smooth(istft(boundary_norm(spectrum, (0, whole), config)), config)
