"""Dual-track composition: clips and noise become one stream and its timeline (paper, Algorithm "Dual-Track Streaming
Sequence Composition"; ruling 10). Tests: tests/data/test_compose.py.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from soundflow.data.mixing import active_power, level_of, tile_crossfade
from soundflow.data.tfjp import TfjpConfig, fade, tfjp
from soundflow.data.timeline import SAMPLE_RATE, Decision, NoiseTrack, Reply, Role, StreamEvent, Timeline, cue_of
from soundflow.errors import InputError

Samples = NDArray[np.float32]
Draw = Callable[[str], np.random.Generator]  # a generator by purpose; same purpose, same draws

ROLE_GAIN_DB = {"foreground": 0.0, "background": -6.0, "ambient": -12.0}  # paper, appendix
PEAK = 0.99  # ruling 10: above it the whole stream is turned down
MOST_PAUSE_DB = 20.0  # a noise that pauses under the main track counts as at most this much quieter there; chosen


@dataclass(frozen=True)
class SourceClip:
    """One clip on its way into a stream: samples float32 16 kHz, where they come from, and what is to be said."""

    samples: Samples
    label: str
    clip: str
    kind: str = "event"
    recording: str = ""
    licence: str = "unknown"
    source: str = ""
    role: Role = "foreground"
    decision: Decision = "ignore"
    reply: Reply | None = None
    early_cue: bool = False
    preprocessed: bool = False  # TFJP was already applied
    clip_offset: float = 0.0  # seconds into the recording
    synthetic: bool = False
    content: str | None = None  # what is said in it, or the instrument that plays


@dataclass(frozen=True)
class ComposeConfig:
    """What composition draws and how it joins; ranges are uniform."""

    chunk_seconds: float = 0.4
    lead_seconds: tuple[float, float] = (0.4, 2.0)  # before the first foreground clip
    gap_seconds: tuple[float, float] = (0.8, 2.4)  # between foreground clips (the release's; 0 is the paper's)
    tail_seconds: tuple[float, float] = (1.6, 2.4)
    least_seconds: float = 0.0  # the tail grows until the stream is this long
    fade_seconds: float = 0.02  # ω
    snr_db: tuple[float, float] = (5.0, 20.0)
    ambient_quieter_db: float = 5.0
    level_dbfs: tuple[float, float] = (-34.0, -16.0)  # of active foreground frames, one draw a stream
    level_jitter_db: float = 2.0  # deviation of each clip around it
    crossfade_seconds: float = 0.25  # where a noise recording is tiled
    tfjp: TfjpConfig = TfjpConfig()


@dataclass(frozen=True)
class Composition:
    """A stream: samples float32 16 kHz in -1..1, and what is in it."""

    samples: Samples
    timeline: Timeline


def compose(
    clips: Sequence[SourceClip],
    noise_event: SourceClip | None,
    noise_ambient: SourceClip | None,
    config: ComposeConfig,
    draw: Draw,
    instruction: str | None = None,
    task: str = "proactive",
) -> Composition:
    """Compose one stream.

    Args:
        clips: foreground clips in their order; background and ambient ones are mixed in at random offsets.
        noise_event, noise_ambient: tiled over the whole stream; None leaves a track out.
        draw: gives a generator for each purpose (`place`, `level`, `mix`, `noise`).

    Raises:
        InputError: neither a clip nor a length is given.

    Source: paper, Algorithm "Dual-Track Streaming Sequence Composition"; ruling 10.
    """
    ready = [c for c in (_prepared(c, config) for c in clips) if len(c.samples)]
    main, events = _main_track(ready, config, draw)
    events += _mix_in(main, ready, config, draw, _base_level(config, draw))
    tracks = [("event", noise_event, 0.0), ("ambient", noise_ambient, config.ambient_quieter_db)]
    speech_power = active_power(main) or 10 ** (_base_level(config, draw) / 10)
    mixed, noise = main.copy(), []
    for kind, clip, extra_db in tracks:
        if clip is None or not len(clip.samples):
            continue
        rng = draw(f"noise {kind}")
        snr_db = float(rng.uniform(*config.snr_db)) + extra_db
        tiled, offset = tile_crossfade(clip.samples, len(main), round(config.crossfade_seconds * SAMPLE_RATE), rng)
        gain = _noise_gain(main, tiled, speech_power, snr_db)
        mixed += gain * tiled
        noise.append(_noise_row(clip, kind, snr_db, gain, offset))
    peak = float(np.abs(mixed).max(initial=0.0))
    scale = PEAK / peak if peak > PEAK else 1.0
    timeline = Timeline(
        seconds=len(mixed) / SAMPLE_RATE,
        chunk_seconds=config.chunk_seconds,
        instruction=instruction,
        task=task,
        events=tuple(sorted(events, key=lambda e: e.onset)),
        noise=tuple(noise),
        scale_db=float(20 * np.log10(scale)),
    )
    return Composition(mixed * np.float32(scale), timeline)


def _prepared(clip: SourceClip, config: ComposeConfig) -> SourceClip:
    samples = clip.samples if clip.preprocessed else tfjp(clip.samples, config.tfjp).samples
    return dataclasses.replace(clip, samples=samples, preprocessed=True)


def _base_level(config: ComposeConfig, draw: Draw) -> float:
    return float(draw("level").uniform(*config.level_dbfs))


def _main_track(clips: Sequence[SourceClip], config: ComposeConfig, draw: Draw) -> tuple[Samples, list[StreamEvent]]:
    """Concatenate the foreground with gaps; every draw of a clip comes in the clips' order."""
    foreground = [c for c in clips if c.role == "foreground"]
    place, level_rng = draw("place"), draw("level")
    base = float(level_rng.uniform(*config.level_dbfs))
    at = _samples(place.uniform(*config.lead_seconds))
    placed: list[tuple[int, Samples]] = []
    events: list[StreamEvent] = []
    for i, clip in enumerate(foreground):
        at += _samples(place.uniform(*config.gap_seconds)) if i else 0
        gain_db = base + float(level_rng.normal(0, config.level_jitter_db)) - level_of(clip.samples)
        scaled = fade(clip.samples, _samples(config.fade_seconds)) * np.float32(10 ** (gain_db / 20))
        placed.append((at, scaled))
        events.append(_event(clip, at, len(scaled), gain_db))
        at += len(scaled)
    length = max(at + _samples(place.uniform(*config.tail_seconds)), _samples(config.least_seconds))
    if not length:
        raise InputError("compose.empty", "no clip and no length", "give clips, or least_seconds")
    main = np.zeros(length, np.float32)
    for start, samples in placed:
        main[start : start + len(samples)] += samples
    return main, events


def _mix_in(
    main: Samples, clips: Sequence[SourceClip], config: ComposeConfig, draw: Draw, base: float
) -> list[StreamEvent]:
    """Add background and ambient clips to the main track at random offsets, each below the foreground by its role."""
    rng, events = draw("mix"), []
    for clip in clips:
        if clip.role == "foreground":
            continue
        samples = fade(clip.samples[: len(main)], _samples(config.fade_seconds))
        at = int(rng.integers(0, len(main) - len(samples) + 1))
        gain_db = base + ROLE_GAIN_DB[clip.role] - level_of(samples)
        main[at : at + len(samples)] += samples * np.float32(10 ** (gain_db / 20))
        events.append(_event(clip, at, len(samples), gain_db))
    return events


def _noise_gain(main: Samples, noise: Samples, power: float, snr_db: float) -> np.float32:
    """The factor that puts a noise track `snr_db` below the main track, over the frames where that is active.

    A noise that all but pauses there is not turned up until its pause is heard: the rest would drown the stream.
    """
    heard = max(active_power(noise, over=main), active_power(noise) * 10 ** (-MOST_PAUSE_DB / 10))
    return np.float32(np.sqrt(power / (max(heard, 1e-20) * 10 ** (snr_db / 10))))


def _event(clip: SourceClip, at: int, length: int, gain_db: float) -> StreamEvent:
    onset, end = at / SAMPLE_RATE, (at + length) / SAMPLE_RATE
    return StreamEvent(
        onset=onset,
        end=end,
        cue=cue_of(onset, end, clip.early_cue),
        label=clip.label,
        kind=clip.kind,
        role=clip.role,
        decision=clip.decision,
        reply=clip.reply,
        clip=clip.clip,
        recording=clip.recording,
        licence=clip.licence,
        source=clip.source,
        gain_db=gain_db,
        clip_offset=clip.clip_offset,
        synthetic=clip.synthetic,
        content=clip.content,
    )


def _noise_row(clip: SourceClip, kind: str, snr_db: float, gain: np.float32, offset: int) -> NoiseTrack:
    return NoiseTrack(
        label=clip.label,
        clip=clip.clip,
        recording=clip.recording,
        licence=clip.licence,
        source=clip.source,
        kind="event" if kind == "event" else "ambient",
        snr_db=snr_db,
        gain_db=float(20 * np.log10(max(float(gain), 1e-12))),
        clip_offset=offset / SAMPLE_RATE,
    )


def _samples(seconds: float) -> int:
    return round(float(seconds) * SAMPLE_RATE)
