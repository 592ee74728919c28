"""Wind and water, drawn anew by every call.

Source: own. A drop is heard as the bubble it leaves: a sine that rises a little while it dies away (Minnaert 1933: a
bubble of 1 to 5 mm sounds at about 3,300 to 650 Hz). Wind is noise whose resonance and force wander.
Tests: tests/data/generate/test_nature.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from soundflow.data.generate.alarms import drawn_style
from soundflow.data.generate.clip import GeneratedClip, Recipe, finish
from soundflow.data.generate.devices import Rng, drawn_level, log_uniform
from soundflow.data.generate.noises import band, falling, shaped, wandering
from soundflow.data.generate.oscillators import Wave, arrange, gate, harmonic, times

MINNAERT = 3.26  # Hz times metres: a bubble's pitch times its radius, in water at sea level
BUBBLE_METRES = (0.001, 0.005)


def wind(rng: Rng, style: str | None = None) -> GeneratedClip:
    """Strong wind: `gusts` that swell and die, or `howl` round the corner of a house."""
    style = drawn_style(rng, style, "gusts", "gusts", "howl")
    seconds = float(rng.uniform(4.0, 8.0))
    corner, centre = log_uniform(rng, 150, 400), log_uniform(rng, 350, 800)
    octaves = float(rng.uniform(0.15, 0.3) if style == "howl" else rng.uniform(0.8, 1.6))
    force = 0.5 + 0.5 * wandering(rng, seconds, float(rng.uniform(0.4, 0.9)))
    roar = shaped(rng, seconds, falling(corner, 9.0)) * (0.3 + 0.7 * force)
    whistles = [shaped(rng, seconds, band(centre * ratio, octaves)) for ratio in (1.0, 1.25)]
    share = 0.5 + 0.5 * wandering(rng, seconds, 1.5)  # the resonance goes to and fro between two places
    whistle = (whistles[0] * (1 - share) + whistles[1] * share) * force**2
    level = drawn_level(rng, 3, 9) if style == "howl" else drawn_level(rng, -12, -4)
    recipe: Recipe = {"generator": "wind", "style": style, "hertz": centre, "corner": corner, "octaves": octaves}
    return finish((roar + level * whistle) * gate(seconds, 0.4, 0.6), "wind", recipe, rng)


def water_drops(rng: Rng, style: str | None = None) -> GeneratedClip:
    """A tap: `slow` a drop a second or so, `quick` three a second or more, evenly, as taps do."""
    style = drawn_style(rng, style, "slow", "slow", "quick")
    gap = float(rng.uniform(0.5, 1.4) if style == "slow" else rng.uniform(0.15, 0.3))
    seconds = float(rng.uniform(3.0, 6.0))
    count = max(2, int(seconds / gap))
    radius = log_uniform(rng, *BUBBLE_METRES)
    starts = [max(0.0, n * gap + float(rng.normal(0, 0.03 * gap)) * (n > 0)) for n in range(count)]
    parts = [(at, drawn_level(rng, -4, 0) * _bubble(rng, radius * float(rng.uniform(0.9, 1.1)))) for at in starts]
    recipe: Recipe = {"generator": "water_drops", "style": style, "gap": gap, "pulses": count}
    return finish(arrange(parts), "water_drops", recipe | {"hertz": MINNAERT / radius}, rng)


def pouring_water(rng: Rng) -> GeneratedClip:
    """Water into a glass: many bubbles a second over a hiss, under a resonance that rises as the glass fills."""
    seconds, per_second = float(rng.uniform(2.5, 5.0)), float(rng.uniform(60, 140))
    starts = np.sort(rng.uniform(0.0, seconds - 0.1, int(seconds * per_second)))
    parts = [(float(at), drawn_level(rng, -14, 0) * _bubble(rng, log_uniform(rng, *BUBBLE_METRES))) for at in starts]
    bubbles = arrange(parts)[: len(times(seconds))]
    sound = np.pad(bubbles, (0, len(times(seconds)) - len(bubbles)))
    first, last = float(rng.uniform(350, 500)), float(rng.uniform(900, 1500))
    pitch = first * (last / first) ** (times(seconds) / seconds)
    tone = harmonic(pitch, (1.0, 0.2), seconds) * np.abs(shaped(rng, seconds, band(20.0, 2.0)))
    hiss = shaped(rng, seconds, band(float(rng.uniform(1800, 3500)), 2.0))
    sound = sound + drawn_level(rng, -16, -8) * tone + drawn_level(rng, -20, -12) * hiss
    recipe: Recipe = {"generator": "pouring_water", "first_hertz": first, "last_hertz": last, "bubbles": len(parts)}
    return finish(sound * gate(seconds, 0.05, 0.3), "pouring_water", recipe, rng)


def _bubble(rng: Rng, radius: float) -> Wave:
    """One bubble after a drop: about a tenth of a second, smaller ones shorter."""
    hertz = MINNAERT / radius
    decay = float(rng.uniform(8.0, 16.0)) / hertz
    seconds = min(0.15, 6.0 * decay)
    rise = 1.0 + float(rng.uniform(0.0, 0.25)) * times(seconds) / seconds
    return harmonic(hertz * rise, (1.0,), seconds) * np.exp(-times(seconds) / decay) * gate(seconds, 0.001, 0.01)


NATURE: Mapping[str, Callable[[Rng], GeneratedClip]] = {
    "wind": wind,
    "water_drops": water_drops,
    "pouring_water": pouring_water,
}
