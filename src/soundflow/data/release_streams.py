"""The release's online streams: recordings set between slices of noise, as our timelines and as its waveforms.

Time is counted in encoder frames of 40 ms. Every draw comes from the generator that is passed in, in the release's
order, so that the same seed gives the same stream. Source: the release's `cons_online_data.py`.
Tests: tests/data/test_release_streams.py.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from soundflow.audio.pcm import SAMPLE_RATE
from soundflow.data.release_lines import OnlineTurn, online_line
from soundflow.data.timeline import StreamEvent, Timeline
from soundflow.errors import InputError

SEED = 1337  # release: of the draws of one file of lines, and again of its waveforms, where nothing is left to draw
FRAME_SAMPLES = 640  # samples of one encoder frame: 40 ms
CHUNK_FRAMES = 10  # encoder frames of one chunk: 0.4 s
LEAST_GAP, MOST_GAP = 20, 60  # frames of noise before a turn and behind the last
_MOST_TRIES = 100  # draws of a noise until one is long enough

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class NoiseFile:
    """A recording of noise and its length."""

    path: str
    seconds: float


@dataclass(frozen=True)
class NoiseSlice:
    """So many frames of a noise, from `start` seconds on."""

    path: str
    start: float
    frames: int


@dataclass(frozen=True)
class Gaps:
    """The noise of one stream: before each turn, and behind the last one; the tail is shortened to whole chunks."""

    leading: tuple[NoiseSlice, ...]
    tail: NoiseSlice


def draw_gaps(turns: int, noises: Sequence[NoiseFile], rng: random.Random) -> Gaps:
    """Draw the noise of one stream: length, file and start of each gap, then of the tail.

    Args:
        turns: how many recordings the stream has.
        noises: in a fixed order; the release takes the file system's, which changes its draws from machine to machine.
        rng: one generator for all lines of a file, begun with `SEED`.

    Raises:
        InputError: no noise is long enough (`release.noise`).
    """
    leading = tuple(_draw(noises, rng, 0) for _ in range(turns))
    return Gaps(leading, _draw(noises, rng, CHUNK_FRAMES))


def encoder_frames(samples: int) -> int:
    """Encoder frames of a recording of so many samples: log-mel frames, halved and pooled in pairs, the odd one cut."""
    mel = -(-samples // 160)
    return (-(-mel // 2) - 2) // 2 + 1


def tail_frames(before: int, drawn: int) -> int:
    """Frames of the tail behind `before` frames: at most those drawn, so that the stream ends with a chunk."""
    tail = drawn - (before + drawn) % CHUNK_FRAMES
    return tail if tail >= 0 else -before % CHUNK_FRAMES


def stream_timeline(turns: Sequence[OnlineTurn], frames: Sequence[int], gaps: Gaps) -> Timeline:
    """One stream as a timeline: noise, recording, noise, … in order and without a hole.

    A turn is answered in chunk ⌊F / 10⌋, F frames being its end: in our half-open chunks that is the chunk of the
    frame behind its end, which is therefore the cue.

    Args:
        frames: of each turn's recording (`encoder_frames`).
        gaps: as drawn.

    Raises:
        InputError: turns, frames and gaps differ in number (`release.turns`), or a reply falls behind the stream's
            end because the tail is too short (`release.tail`).
    """
    if not len(turns) == len(frames) == len(gaps.leading) or not turns:
        counts = f"{len(turns)} turns, {len(frames)} lengths, {len(gaps.leading)} gaps"
        raise InputError("release.turns", counts, "give one of each for every turn, and at least one")
    events: list[StreamEvent] = []
    at = 0
    for turn, length, gap in zip(turns, frames, gaps.leading, strict=True):
        events.append(_noise_event(gap, at))
        at += gap.frames
        events.append(_turn_event(turn, at, length))
        at += length
    tail = tail_frames(at, gaps.tail.frames)
    if tail == 0 and turns[-1].reply is not None:
        message = "the last reply falls behind the end of the stream"
        raise InputError("release.tail", message, f"draw {CHUNK_FRAMES} frames of tail or more")
    events.append(_noise_event(NoiseSlice(gaps.tail.path, gaps.tail.start, tail), at))
    return Timeline(_seconds(at + tail), _seconds(CHUNK_FRAMES), None, "release", tuple(events))


def record_timeline(values: Mapping[str, Any]) -> Timeline:
    """The stream of a record that the release's pipeline left behind: its draws and lengths are taken as they are.

    Raises:
        InputError: a field is missing or of another type (`release.line`), or as `stream_timeline`.
    """
    turns = online_line({"conversation": values.get("turns")})
    try:
        frames = [int(turn["audio_frames"]) for turn in values["turns"]]
        leading = tuple(_drawn(turn, "leading_silence_frames", "leading_noise") for turn in values["turns"])
        gaps = Gaps(leading, _drawn(values, "tail_silence_frames", "tail_noise"))
    except (KeyError, TypeError, ValueError) as e:
        hint = "a record is what the release's pipeline writes in its second step or later"
        raise InputError("release.line", f"no whole record: {type(e).__name__} {e}", hint) from e
    return stream_timeline(turns, frames, gaps)


def chunks_of(timeline: Timeline) -> int:
    """Chunks of a stream that ends with one."""
    return round(timeline.seconds / timeline.chunk_seconds)


def stream_wave(timeline: Timeline, read: Callable[[str], Samples]) -> NDArray[np.int16]:
    """The stream's sound as the release writes it: pieces end to end, 32767 · x cut off to int16.

    Args:
        timeline: of `stream_timeline`.
        read: gives a recording by its path, float32 [n] at 16 kHz mono.

    Raises:
        InputError: a noise is shorter than its slice (`release.noise`), or the timeline has a hole (`release.turns`).
    """
    if any(before.end != after.onset for before, after in pairwise(timeline.events)):
        raise InputError("release.turns", "events that do not follow each other", "use a timeline of stream_timeline")
    pieces = [_piece(event, read(event.clip)) for event in timeline.events]
    wave: NDArray[np.int16] = np.clip(np.concatenate(pieces) * np.float32(32767.0), -32768, 32767).astype(np.int16)
    return wave


def _draw(noises: Sequence[NoiseFile], rng: random.Random, margin_frames: int) -> NoiseSlice:
    frames = rng.randint(LEAST_GAP, MOST_GAP)
    needed = frames * _seconds(1) + margin_frames * _seconds(1)
    for _ in range(_MOST_TRIES if noises else 0):
        noise = rng.choice(noises)
        if noise.seconds >= needed:
            return NoiseSlice(noise.path, round(rng.uniform(0.0, noise.seconds - needed), 3), frames)
    raise InputError("release.noise", f"no noise lasts {needed:.2f} s", "add longer recordings of noise")


def _drawn(values: Mapping[str, Any], frames: str, noise: str) -> NoiseSlice:
    return NoiseSlice(str(values[f"{noise}_path"]), float(values[f"{noise}_start_s"]), int(values[frames]))


def _piece(event: StreamEvent, samples: Samples) -> Samples:
    start, wanted = round(event.clip_offset * SAMPLE_RATE), round((event.end - event.onset) * SAMPLE_RATE)
    piece = samples[start : start + wanted]
    missing = wanted - len(piece)
    if missing and event.role == "background":
        found = f"{event.clip} has {len(samples)} samples, expected {start + wanted}"
        raise InputError("release.noise", found, "it is shorter than when the stream was drawn")
    return np.pad(piece, (0, missing))  # a recording is filled up to whole frames


def _seconds(frames: int) -> float:
    return frames * FRAME_SAMPLES / SAMPLE_RATE


def _turn_event(turn: OnlineTurn, at: int, frames: int) -> StreamEvent:
    return StreamEvent(
        onset=_seconds(at),
        end=_seconds(at + frames),
        cue=_seconds(at + frames + 1),
        label="turn",
        kind="event",
        role="foreground",
        decision="ignore" if turn.reply is None else "respond",
        reply=turn.reply,
        clip=turn.audio,
        recording=turn.audio,
        licence="unknown",
        source="release",
        gain_db=0.0,
    )


def _noise_event(noise: NoiseSlice, at: int) -> StreamEvent:
    return StreamEvent(
        onset=_seconds(at),
        end=_seconds(at + noise.frames),
        cue=_seconds(at + noise.frames),
        label="noise",
        kind="background",
        role="background",
        decision="ignore",
        reply=None,
        clip=noise.path,
        recording=noise.path,
        licence="unknown",
        source="release",
        gain_db=0.0,
        clip_offset=noise.start,
    )
