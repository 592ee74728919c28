"""A timeline back into sound: each clip where it says, at the gain it says, over its noise tracks.

Knows nothing of folders: who asks says how a clip's name becomes samples. A stream that was composed without
augmentation comes out as it was. Tests: tests/data/test_render.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from soundflow.data.compose import ComposeConfig
from soundflow.data.mixing import tile_from
from soundflow.data.tfjp import fade
from soundflow.data.timeline import SAMPLE_RATE, NoiseTrack, StreamEvent, Timeline
from soundflow.errors import InputError

Samples = NDArray[np.float32]
Load = Callable[[str], Samples]  # from the name of a clip to float32 [n], 16 kHz

MOST_SECONDS = 6 * 3600.0  # of one timeline: its samples stand in memory
MOST_GAIN_DB = 120.0  # in either direction; more is a slip of the pen
_HINT = "see docs/reference/timeline.md"


def render(timeline: Timeline, load_event: Load, load_noise: Load, config: ComposeConfig | None = None) -> Samples:
    """Mix what a timeline names.

    Args:
        load_event: a clip as it stands in the stream, that is after TFJP, by its name.
        load_noise: a noise recording as it is, by its name.
        config: fades and crossfades; the rest of it was drawn when the timeline was made.

    Returns:
        float32 [seconds · 16000]. A clip that is shorter than its event leaves the rest silent.

    Raises:
        InputError: a time or gain that cannot be, a clip that is generated or empty.

    Source: paper, Algorithm "Dual-Track Streaming Sequence Composition"; ruling 10.
    """
    config = config or ComposeConfig()
    _check(timeline)
    mixed = np.zeros(_samples(timeline.seconds), np.float32)
    for event in timeline.events:
        start, piece = _piece(event, load_event, config, len(mixed))
        mixed[start : start + len(piece)] += piece
    for noise in timeline.noise:
        mixed += _noise(noise, load_noise, len(mixed), config)
    return mixed * _factor(timeline.scale_db)


def _piece(event: StreamEvent, load: Load, config: ComposeConfig, length: int) -> tuple[int, Samples]:
    """Where an event begins and its sound, cut, faded and at its gain."""
    start, end = _samples(event.onset), min(_samples(event.end), length)
    offset = _samples(event.clip_offset)
    piece = _loaded(load, event.clip)[offset : offset + end - start]
    return start, fade(piece, _samples(config.fade_seconds)) * _factor(event.gain_db)


def _noise(noise: NoiseTrack, load: Load, length: int, config: ComposeConfig) -> Samples:
    samples = _loaded(load, noise.clip)
    offset = _samples(noise.clip_offset)
    if offset >= len(samples):
        raise InputError("render.offset", f"noise {noise.clip} starts past its end, at {noise.clip_offset} s", _HINT)
    tiled = tile_from(samples, length, _samples(config.crossfade_seconds), offset)
    return np.asarray(tiled * _factor(noise.gain_db), np.float32)


def _loaded(load: Load, name: str) -> Samples:
    if name == "generated":
        raise InputError(
            "render.generated",
            "the timeline holds a generated sound, and those are not kept",
            "compose the stream again with its seed",
        )
    samples = load(name)
    if not len(samples):
        raise InputError("render.empty", f"clip {name} holds no sound", "leave it out")
    return samples


def _check(timeline: Timeline) -> None:
    """Refuse numbers that are none, or that no stream can have."""
    seconds = _number(timeline.seconds, "seconds", 0.0, MOST_SECONDS)
    _number(timeline.scale_db, "scale_db", -MOST_GAIN_DB, MOST_GAIN_DB)
    for at, event in enumerate(timeline.events):
        onset = _number(event.onset, f"events[{at}].onset", 0.0, seconds)
        _number(event.end, f"events[{at}].end", onset, seconds + 1 / SAMPLE_RATE)
        _placed(event, f"events[{at}]")
    for at, noise in enumerate(timeline.noise):
        _placed(noise, f"noise[{at}]")


def _placed(row: StreamEvent | NoiseTrack, where: str) -> None:
    _number(row.clip_offset, f"{where}.clip_offset", 0.0, MOST_SECONDS)
    _number(row.gain_db, f"{where}.gain_db", -MOST_GAIN_DB, MOST_GAIN_DB)


def _number(value: object, name: str, least: float, most: float) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not is_number or not least <= float(value) <= most:  # type: ignore[arg-type]
        raise InputError("render.number", f"{name} is {value!r}, expected a number from {least:g} to {most:g}", _HINT)
    return float(value)  # type: ignore[arg-type]


def _factor(gain_db: float) -> np.float32:
    return np.float32(10 ** (gain_db / 20))


def _samples(seconds: float) -> int:
    return round(float(seconds) * SAMPLE_RATE)
