"""Sirens, engines, knocks and busy phones, drawn anew by every call.

Source: own. Ranges: emergency vehicles' wail and yelp sweep within 500 to 1,800 Hz (SAE J1849), two-tone horns sound
near 440 and 585 Hz (DIN 14610); busy tones are 480 + 620 Hz or 425 Hz, half a second on and off (ITU-T E.180).
Tests: tests/data/generate/test_machines.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from soundflow.data.generate.alarms import drawn_style
from soundflow.data.generate.clip import GeneratedClip, Recipe, finish
from soundflow.data.generate.devices import Rng, drawn_level, log_uniform, rectangle
from soundflow.data.generate.noises import band, shaped, wandering
from soundflow.data.generate.oscillators import Wave, arrange, gate, harmonic, struck, times

_WOOD_RATIOS = (1.0, 1.59, 2.14, 2.65, 3.5)  # a plate: neither harmonic nor far apart


def siren(rng: Rng, style: str | None = None) -> GeneratedClip:
    """An emergency vehicle: `wail` slowly up and down, `yelp` quickly, `two_tone` to and fro between two notes."""
    style = drawn_style(rng, style, "wail", "wail", "yelp", "two_tone")
    seconds = float(rng.uniform(4.0, 8.0))
    low, high, period = {
        "wail": (rng.uniform(480, 700), rng.uniform(1200, 1700), rng.uniform(3.0, 5.5)),
        "yelp": (rng.uniform(550, 750), rng.uniform(1200, 1700), rng.uniform(0.25, 0.4)),
        "two_tone": (rng.uniform(420, 460), rng.uniform(560, 610), rng.uniform(1.0, 1.5)),
    }[style]
    horn = rectangle(rng, float(low), duty=rng.uniform(0.25, 0.5))
    turns = times(seconds) / period % 1.0
    up = (turns >= 0.5).astype(float) if style == "two_tone" else 0.5 - 0.5 * np.cos(2 * np.pi * turns)
    sound = horn.beep(seconds, (high / low) ** up)
    recipe: Recipe = {"generator": "siren", "style": style, **horn.recipe(), "high_hertz": float(high)}
    return finish(sound, "siren", recipe | {"period": float(period)}, rng)


def engine(rng: Rng, style: str | None = None) -> GeneratedClip:
    """A motor: `idle` turns evenly, `revving` is driven up and down. Each firing differs a little from the last."""
    style = drawn_style(rng, style, "idle", "idle", "revving")
    seconds, firing = float(rng.uniform(3.0, 6.0)), log_uniform(rng, 22.0, 60.0)
    drift = 0.02 * wandering(rng, seconds, 3.0)
    if style == "revving":
        drift = drift + rng.uniform(0.6, 1.5) * (0.5 + 0.5 * wandering(rng, seconds, 0.8))
    pitch = firing * (1.0 + drift)
    weights = [drawn_level(rng, -6, 0) / (1.0 + 0.12 * n) ** 1.5 for n in range(40)]
    strokes = np.cumsum(pitch) / 16_000 % 1.0
    breath = shaped(rng, seconds, band(float(rng.uniform(250, 700)), 3.0)) * np.exp(-3.0 * strokes)
    sound = harmonic(pitch, weights, seconds) + drawn_level(rng, -12, 0) * breath
    sound = sound * (1.0 + 0.15 * wandering(rng, seconds, 12.0)) * gate(seconds, 0.05, 0.2)
    recipe: Recipe = {"generator": "engine", "style": style, "hertz": firing}
    return finish(sound, "engine", recipe, rng)


def door_knock(rng: Rng, style: str | None = None) -> GeneratedClip:
    """Knuckles on wood: `polite` two to four knocks, `pounding` four to eight, harder and lower."""
    style = drawn_style(rng, style, "polite", "polite", "pounding")
    is_hard = style == "pounding"
    count = int(rng.integers(4, 9) if is_hard else rng.integers(2, 5))
    gap = float(rng.uniform(0.2, 0.4) if is_hard else rng.uniform(0.16, 0.32))
    hertz = log_uniform(rng, 70, 140) if is_hard else log_uniform(rng, 130, 330)
    starts = [max(0.0, n * gap + float(rng.normal(0, 0.012)) * (n > 0)) for n in range(count)]
    parts = [(start, drawn_level(rng, -5, 0) * _knock(rng, hertz)) for start in starts]
    recipe: Recipe = {"generator": "door_knock", "style": style, "hertz": hertz, "gap": gap, "pulses": count}
    return finish(arrange(parts), "door_knock", recipe, rng)


def _knock(rng: Rng, hertz: float) -> Wave:
    """One blow: the plate rings for some hundredths of a second under the click of the knuckle."""
    decays = [float(rng.uniform(0.02, 0.05) / ratio**0.5) for ratio in _WOOD_RATIOS]
    levels = [drawn_level(rng, -9, 0) for _ in _WOOD_RATIOS]
    plate = struck(hertz * float(rng.uniform(0.98, 1.02)), _WOOD_RATIOS, levels, decays, 0.15)
    click = shaped(rng, 0.15, band(float(rng.uniform(900, 2200)), 2.0)) * np.exp(-times(0.15) / 0.004)
    return plate + drawn_level(rng, -8, -2) * click


def phone_tone(rng: Rng, style: str | None = None) -> GeneratedClip:
    """A busy line, half a second on and off: `american` 480 and 620 Hz together, `european` 425 Hz."""
    style = drawn_style(rng, style, "american", "european")
    pitches = (480.0, 620.0) if style == "american" else (425.0,)
    pulses = int(rng.integers(3, 7))
    tone = sum((harmonic(hertz, (1.0,), 0.5) for hertz in pitches), np.zeros(len(times(0.5)))) * gate(0.5, 0.005, 0.005)
    sound = arrange((float(n), tone) for n in range(pulses))
    recipe: Recipe = {"generator": "phone_tone", "style": style, "hertz": pitches[0], "on": 0.5, "off": 0.5}
    return finish(sound, "phone_tone", recipe | {"pulses": pulses}, rng)


MACHINES: Mapping[str, Callable[[Rng], GeneratedClip]] = {
    "siren": siren,
    "engine": engine,
    "door_knock": door_knock,
    "phone_tone": phone_tone,
}
