"""The timed-label verifier: after mixing, what was labelled is measured again in the sound.

The noise tracks are laid again from their provenance and taken away; what is left must be the events, where the
timeline says, and the decision must be due within one chunk of what was measured. A stream that fails is rejected.
Tests: tests/data/build/test_verify.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from soundflow.data.compose import ComposeConfig
from soundflow.data.mixing import FRAME, frame_levels, tile_from
from soundflow.data.tfjp import fade
from soundflow.data.timeline import EARLY_CUE_SECONDS, SAMPLE_RATE, StreamEvent, Timeline

Samples = NDArray[np.float32]
Load = Callable[[str], Samples]  # a noise recording by the name of its clip

HEARD_BELOW_PEAK_DB = 45.0  # a frame of an event counts as heard within this of the event's loudest; chosen
UNEXPLAINED_DB = -45.0  # power outside all events, below the stream's own: more is sound nobody labelled; chosen


@dataclass(frozen=True)
class Fault:
    """What is wrong, in a word for counting and in a sentence."""

    code: str
    message: str


def verify_labels(
    samples: Samples, timeline: Timeline, load_noise: Load, load_behind: Load, config: ComposeConfig
) -> list[Fault]:
    """Measure a stream against its timeline.

    Args:
        samples: float32 [n], 16 kHz, as it will be stored.
        load_noise: the noise recordings, whole.
        load_behind: background and ambient clips as they were placed: cut, not yet faded or at their gain.
        config: fades and crossfades.

    Returns:
        Nothing where all is well.

    Source: own; the paper's response timeline is what is checked.
    """
    left = _foreground(samples, timeline, load_noise, load_behind, config)
    levels = frame_levels(left)
    faults = [*_unexplained(levels, frame_levels(samples), timeline)]
    chunk = timeline.chunk_seconds
    for index, event in enumerate(timeline.events):
        if event.role != "foreground":
            continue
        heard = _heard(levels, event)
        if heard is None:
            faults.append(Fault("not heard", f"{event.label} at {event.onset:.2f} s cannot be heard"))
            continue
        faults += _late_or_early(event, heard, chunk)
        for turn in timeline.turns:
            if turn.event == index and not heard[0] - chunk <= turn.at <= heard[1] + chunk:
                faults.append(
                    Fault("turn", f"a turn at {turn.at:.2f} s, the sound is at {heard[0]:.2f}-{heard[1]:.2f} s")
                )
    chunks = round(timeline.seconds / chunk)
    faults += [
        Fault("past the end", f"a reply is due in chunk {at} of {chunks}")
        for at, _, _ in timeline.responses
        if at >= chunks
    ]
    return faults


def _foreground(samples: Samples, timeline: Timeline, noise: Load, behind: Load, config: ComposeConfig) -> Samples:
    """The foreground: the stream turned back up, less its noise tracks and what sounds behind."""
    left = samples / np.float32(10 ** (timeline.scale_db / 20))
    crossfade = round(config.crossfade_seconds * SAMPLE_RATE)
    for track in timeline.noise:
        tiled = tile_from(noise(track.clip), len(left), crossfade, round(track.clip_offset * SAMPLE_RATE))
        left = left - tiled * np.float32(10 ** (track.gain_db / 20))
    for event in timeline.events:
        if event.role != "foreground":
            at = round(event.onset * SAMPLE_RATE)
            piece = fade(behind(event.clip)[: len(left)], round(config.fade_seconds * SAMPLE_RATE))
            left[at : at + len(piece)] -= piece * np.float32(10 ** (event.gain_db / 20))
    return np.asarray(left, np.float32)


def _unexplained(left: NDArray[np.float32], whole: NDArray[np.float32], timeline: Timeline) -> Iterator[Fault]:
    """Sound outside every event: more than rounding leaves means that the provenance is not the truth."""
    outside = np.ones(len(left), bool)
    for event in (e for e in timeline.events if e.role == "foreground"):
        outside[int(event.onset * SAMPLE_RATE) // FRAME : -(-round(event.end * SAMPLE_RATE) // FRAME)] = False
    if not outside.any() or not len(whole):
        return
    loudest, allowed = float(left[outside].max()), float(whole.mean()) * 10 ** (UNEXPLAINED_DB / 10)
    if loudest > max(allowed, 1e-9):
        at = float(np.flatnonzero(outside)[left[outside].argmax()]) * FRAME / SAMPLE_RATE
        yield Fault("unexplained", f"sound at {at:.2f} s that no event and no noise track explains")


def _heard(levels: NDArray[np.float32], event: StreamEvent) -> tuple[float, float] | None:
    """When an event is first and last heard, in seconds of stream; looked for a second around its label."""
    first = max(0, int((event.onset - 1.0) * SAMPLE_RATE) // FRAME)
    inside = levels[int(event.onset * SAMPLE_RATE) // FRAME : -(-round(event.end * SAMPLE_RATE) // FRAME)]
    peak = float(inside.max(initial=0.0))
    if peak <= 1e-10:
        return None
    span = levels[first : int((event.end + 1.0) * SAMPLE_RATE) // FRAME]
    loud = np.flatnonzero(span > peak * 10 ** (-HEARD_BELOW_PEAK_DB / 10))
    own = loud[(loud + first + 1) * FRAME / SAMPLE_RATE >= event.onset - 0.4]
    own = own[(own + first) * FRAME / SAMPLE_RATE <= event.end + 0.4]
    if not len(own):
        return None
    return float(own[0] + first) * FRAME / SAMPLE_RATE, float(own[-1] + first + 1) * FRAME / SAMPLE_RATE


def _late_or_early(event: StreamEvent, heard: tuple[float, float], chunk: float) -> Iterator[Fault]:
    """The decision must be due within one chunk of the cue that was measured."""
    if event.reply is None:
        return
    is_early = event.cue < event.end - 1 / SAMPLE_RATE
    measured = min(heard[1], heard[0] + EARLY_CUE_SECONDS) if is_early else heard[1]
    if abs(event.cue - measured) > chunk:
        yield Fault("cue", f"{event.label}: the decision is due at {event.cue:.2f} s, the sound says {measured:.2f} s")
