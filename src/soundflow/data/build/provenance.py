"""Where every second of a stream comes from: recording, licence, gain and offset. Tests:
tests/data/build/test_provenance.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from soundflow.data.timeline import SAMPLE_RATE, NoiseTrack, StreamEvent, Timeline


@dataclass(frozen=True)
class Trace:
    """One recording that sounds in one second of a stream.

    `offset` is the second of the clip that is heard when this second begins, or when the clip does; `seconds` how long
    it is heard in this second; `gain_db` what it was turned up by, the stream's own scale included.
    """

    second: int
    seconds: float
    role: str  # foreground, background, ambient, or `noise event` and `noise ambient`
    label: str
    clip: str
    recording: str
    licence: str
    source: str
    gain_db: float
    offset: float
    synthetic: bool


def per_second(annotation: Mapping[str, Any], timeline: Timeline) -> Iterator[Trace]:
    """Every recording of every second, in order.

    Args:
        annotation: of a stream in a shard: `noise_seconds` and `crossfade_seconds` say how noise was tiled.
    """
    lengths: Mapping[str, float] = annotation.get("noise_seconds") or {}
    for second in range(-int(-timeline.seconds // 1)):
        end = min(second + 1.0, timeline.seconds)
        for event in timeline.events:
            if event.onset < end and event.end > second:
                yield _event(event, timeline, second, end)
        for noise in timeline.noise:
            at = _tiled(noise, second, lengths.get(noise.clip, 0.0), float(annotation.get("crossfade_seconds") or 0.0))
            yield _noise(noise, timeline, second, end, at)


def _event(event: StreamEvent, timeline: Timeline, second: int, end: float) -> Trace:
    start = max(event.onset, float(second))
    return Trace(
        second,
        round(min(event.end, end) - start, 6),
        event.role,
        event.label,
        event.clip,
        event.recording,
        event.licence,
        event.source,
        round(event.gain_db + timeline.scale_db, 4),
        round(event.clip_offset + start - event.onset, 6),
        event.synthetic,
    )


def _noise(noise: NoiseTrack, timeline: Timeline, second: int, end: float, offset: float) -> Trace:
    return Trace(
        second,
        round(end - second, 6),
        f"noise {noise.kind}",
        noise.label,
        noise.clip,
        noise.recording,
        noise.licence,
        noise.source,
        round(noise.gain_db + timeline.scale_db, 4),
        round(offset, 6),
        noise.clip.startswith("generated"),
    )


def _tiled(noise: NoiseTrack, second: int, length: float, crossfade: float) -> float:
    """The second of the recording heard at a second of the stream, the recording beginning again with a crossfade.

    Counted in samples, as it was laid: sums of seconds would miss a seam by a rounding.
    """
    at, start = second * SAMPLE_RATE, round(noise.clip_offset * SAMPLE_RATE)
    whole, fade = round(length * SAMPLE_RATE), round(crossfade * SAMPLE_RATE)
    first = whole - start
    if whole <= 0 or at < first:
        return noise.clip_offset + second
    seam, overlap = first, min(fade, first, whole // 2)
    while whole > overlap and at >= seam + whole - overlap:
        seam += whole - overlap
        overlap = min(fade, whole // 2)
    return (at - seam + overlap) / SAMPLE_RATE
