"""Other people's rooms and devices: one recording heard through many, for training only.

Speed, equaliser, bandwidth, room, codec, saturation and device noise, each with a probability. The linear steps share
one Fourier transform. Knows nothing of labels or streams. Tests: tests/data/test_augment.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
Gains = NDArray[np.float32]

SAMPLE_RATE = 16_000  # Hz
MU = 255.0  # of the telephone companding law (ITU-T G.711)


@dataclass(frozen=True)
class AugmentConfig:
    """Probabilities (`*_share`) and uniform ranges. All chosen, none from the paper."""

    speed_share: float = 0.6
    speed: tuple[float, float] = (0.85, 1.18)  # factor on duration's inverse; pitch moves with it
    equaliser_share: float = 0.7
    equaliser_db: float = 5.0  # deviation of the gain at seven places of the band
    low_pass_share: float = 0.3
    low_pass_hz: tuple[float, float] = (2500.0, 7000.0)
    high_pass_share: float = 0.3
    high_pass_hz: tuple[float, float] = (60.0, 400.0)
    room_share: float = 0.4
    reverberation_seconds: tuple[float, float] = (0.1, 0.7)  # RT60
    direct_to_reverberant_db: tuple[float, float] = (0.0, 15.0)
    codec_share: float = 0.12
    saturation_share: float = 0.12
    device_noise_share: float = 0.3
    device_noise_db: tuple[float, float] = (20.0, 45.0)  # below the recording's mean power


def augment(samples: Samples, rng: np.random.Generator, config: AugmentConfig) -> Samples:
    """One recording as another device might have caught it.

    Args:
        samples: float32 [n], 16 kHz.

    Returns:
        float32, of another length when the speed was changed; its level is near the input's.
    """
    if len(samples) < 16:
        return samples
    if rng.random() < config.speed_share:
        samples = change_speed(samples, float(rng.uniform(*config.speed)))
    samples = _through_room_and_device(samples, rng, config)
    if rng.random() < config.codec_share:
        samples = companded(samples, bits=int(rng.integers(5, 9)))
    if rng.random() < config.saturation_share:
        samples = saturated(samples, float(rng.uniform(1, 4)))
    if rng.random() < config.device_noise_share:
        power = float(np.square(samples).mean()) * 10 ** (-rng.uniform(*config.device_noise_db) / 10)
        samples = samples + np.sqrt(power).astype(np.float32) * rng.standard_normal(len(samples), np.float32)
    return np.asarray(samples, np.float32)


def change_speed(samples: Samples, factor: float) -> Samples:
    """Play faster (factor above 1) or slower, by linear interpolation."""
    at = np.arange(0, len(samples) - 1, factor)
    return np.asarray(np.interp(at, np.arange(len(samples)), samples), np.float32)


def companded(samples: Samples, bits: int) -> Samples:
    """Through a µ-law coder of so many bits."""
    peak = float(np.abs(samples).max(initial=0.0)) or 1.0
    small = np.log1p(MU * np.abs(samples) / peak) / np.log1p(MU)
    steps = 2 ** (bits - 1)
    small = np.round(small * steps) / steps
    return np.asarray(np.sign(samples) * np.expm1(small * np.log1p(MU)) / MU * peak, np.float32)


def saturated(samples: Samples, drive: float) -> Samples:
    """Soft clipping: `drive` 1 bends a little, 4 a lot; the peak stays where it was."""
    peak = float(np.abs(samples).max(initial=0.0)) or 1.0
    return np.asarray(np.tanh(samples / peak * drive) / np.tanh(drive) * peak, np.float32)


def room_response(rng: np.random.Generator, seconds: float, direct_to_reverberant_db: float) -> Samples:
    """A direct sound and a tail of decaying noise, float32; -60 dB after `seconds`."""
    length = max(2, int(seconds * SAMPLE_RATE))
    tail = rng.standard_normal(length, np.float32) * np.exp(-6.9 * np.arange(length, dtype=np.float32) / length)
    tail *= 10 ** (-direct_to_reverberant_db / 20) / np.sqrt(np.square(tail).sum())
    tail[0] = 1.0
    return tail.astype(np.float32)


def fast_length(least: int) -> int:
    """The smallest 2^a · 3^b that is not below `least`: a length that transforms quickly."""
    found = 1 << max(0, least - 1).bit_length()
    power = 1
    while power < found:
        twos = max(0, -(-least // power) - 1).bit_length()
        found = min(found, power << twos)
        power *= 3
    return found


def _through_room_and_device(samples: Samples, rng: np.random.Generator, config: AugmentConfig) -> Samples:
    response = None
    if rng.random() < config.room_share:
        reverberation = float(rng.uniform(*config.reverberation_seconds))
        response = room_response(rng, reverberation, float(rng.uniform(*config.direct_to_reverberant_db)))
    extra = 0 if response is None else len(response)
    size = fast_length(len(samples) + extra)
    gains = band_gains(size // 2 + 1, rng, config)
    if gains is None and response is None:
        return samples
    spectrum = np.fft.rfft(samples, size)
    if gains is not None:
        spectrum *= gains
    if response is not None:
        spectrum *= np.fft.rfft(response, size)
    return np.asarray(np.fft.irfft(spectrum, size)[: len(samples)], np.float32)


def band_gains(bins: int, rng: np.random.Generator, config: AugmentConfig) -> Gains | None:
    """Equaliser, low-pass and high-pass as one gain a bin, float32 [bins]; None when none was drawn."""
    hertz = np.linspace(0, SAMPLE_RATE / 2, bins, dtype=np.float32)
    gains = None
    if rng.random() < config.equaliser_share:
        places = np.r_[0.0, np.sort(rng.uniform(100, 8000, 5)), 8000.0]
        gains = 10 ** (np.interp(hertz, places, rng.normal(0, config.equaliser_db, 7)) / 20)
    if rng.random() < config.low_pass_share:
        curve = 1 / np.sqrt(1 + (hertz / rng.uniform(*config.low_pass_hz)) ** 8)
        gains = curve if gains is None else gains * curve
    if rng.random() < config.high_pass_share:
        curve = 1 - 1 / np.sqrt(1 + (hertz / rng.uniform(*config.high_pass_hz)) ** 4)
        gains = curve if gains is None else gains * curve
    return None if gains is None else gains.astype(np.float32)
