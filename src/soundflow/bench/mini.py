"""`bench mini`: what a newcomer runs first; two minutes, nothing but what comes with the package.

The packaged recordings as they are, streams composed from their sounds and from generated alarms under noise at 5 to
20 dB, and long streams of noise and of speech in which nothing calls for a word. It says whether an installation works
and lets two models be compared; it is no score to quote, for some of these sounds were heard in training. Tests:
tests/bench/test_mini.py.
"""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from soundflow.bench.listening import Heard, Job, Kind, gates_over
from soundflow.bench.machine import describe_machine
from soundflow.bench.stray import StrayRow, stray_row
from soundflow.bench.systems import System
from soundflow.bench.trigger import Progress, TriggerReport, beside, report
from soundflow.data.compose import ComposeConfig, Composition, Draw, SourceClip, compose
from soundflow.data.generate.alarms import ALARMS
from soundflow.data.streams import QUIET_SNR_DB, coloured_noise, generated_sound
from soundflow.data.tasks.phrases import known_phrases
from soundflow.data.timeline import SAMPLE_RATE, Reply, StreamEvent, Timeline, cue_of
from soundflow.errors import InputError, UsageError

STREAMS = 24
EVENTS = (3, 5)  # of a composed stream
QUIET_KINDS: tuple[Kind, ...] = ("background", "speech")
QUIET_SECONDS = 120.0  # of noise, and of speech
RESPOND_SHARE = 0.5  # of the events of composed streams
GENERATED_SHARE = 0.6  # of those, the generated ones: few recordings in the package call for an answer
_SHORTEST_CUT_SECONDS = 0.3  # a step of less is left to the recordings
_NO_MUSIC = "no music comes with the package"


@dataclass(frozen=True)
class Cut:
    """One sound of a packaged recording, with the row that says where it comes from."""

    clip: SourceClip
    calls: bool


def merged(timeline: Timeline) -> Timeline:
    """Overlapping sounds of one label as one event: three panes that break together call for one reply."""
    events: list[StreamEvent] = []
    for event in sorted(timeline.events, key=lambda event: event.onset):
        last = events[-1] if events else None
        if last is not None and (last.label, last.decision) == (event.label, event.decision) and event.onset < last.end:
            end = max(last.end, event.end)
            cue = cue_of(last.onset, end, early=event.decision == "respond")
            events[-1] = dataclasses.replace(last, end=end, cue=cue)
        else:
            early = event.decision == "respond"
            events.append(dataclasses.replace(event, cue=cue_of(event.onset, event.end, early)))
    return dataclasses.replace(timeline, events=tuple(events))


def cuts(recordings: Sequence[Composition]) -> tuple[Cut, ...]:
    """The sounds of recordings, cut out where nothing else sounds; the shortest are left out."""
    found = []
    for recording in recordings:
        for event in merged(recording.timeline).events:
            samples = recording.samples[round(event.onset * SAMPLE_RATE) : round(event.end * SAMPLE_RATE)]
            if event.end - event.onset >= _SHORTEST_CUT_SECONDS:
                found.append(Cut(_source(event, samples), event.decision == "respond"))
    return tuple(found)


def mini_stream(pool: Sequence[Cut], seed: int, index: int) -> Composition:
    """Stream number `index` of a seed: three to five sounds, about half of them calling, under coloured noise."""
    draw = _draw(seed, index, "mini")
    rng = draw("cast")
    calling, idle = [cut for cut in pool if cut.calls], [cut for cut in pool if not cut.calls]
    clips = []
    for place in range(int(rng.integers(EVENTS[0], EVENTS[1] + 1))):
        if rng.random() >= RESPOND_SHARE:
            clips.append(idle[int(rng.integers(len(idle)))].clip)
        elif rng.random() < GENERATED_SHARE or not calling:
            clips.append(_generated(rng, f"{seed}.{index}.{place}"))
        else:
            clips.append(calling[int(rng.integers(len(calling)))].clip)
    return compose(clips, coloured_noise(draw("noise clip event")), None, ComposeConfig(), draw)


def quiet_stream(pool: Sequence[Cut], kind: Kind, seed: int, index: int, seconds: float) -> Composition:
    """Noise alone, or speech over noise: nothing calls for a word."""
    draw = _draw(seed, index, kind)
    rng, config = draw("cast"), ComposeConfig(least_seconds=seconds)
    if kind == "background":
        noises = (coloured_noise(draw("noise clip event")), coloured_noise(draw("noise clip ambient")))
        return compose([], *noises, dataclasses.replace(config, snr_db=QUIET_SNR_DB), draw, None, "quiet")
    speech = [cut.clip for cut in pool if cut.clip.kind == "speech"]
    clips: list[SourceClip] = []
    while sum(len(clip.samples) for clip in clips) < (seconds - 10) * SAMPLE_RATE * 0.7:
        clips.append(speech[int(rng.integers(len(speech)))])
    return compose(clips, coloured_noise(draw("noise clip event")), None, config, draw, None, "quiet")


def run_mini(
    system: System,
    recordings: Sequence[Composition],
    seed: int = 0,
    streams: int = STREAMS,
    progress: Progress = lambda what, seconds: None,
) -> TriggerReport:
    """Compose, hear, judge; beside the system stand constants, gates and a plain classifier.

    Args:
        recordings: the packaged ones with their timelines.
        streams: composed ones, beside the recordings.

    Raises:
        UsageError: fewer than no streams.
        InputError: the recordings hold no sound that calls for nothing.
    """
    if streams < 0 or seed < 0:
        raise UsageError("bench.amount", f"{streams} streams with seed {seed}", "0 or more of each")
    pool = cuts(recordings)
    if all(cut.calls for cut in pool):
        raise InputError("mini.recordings", "no sound in the recordings that calls for nothing", "install again")
    heard: list[Heard] = []
    for made in _streams(recordings, pool, seed, streams):
        heard.append(hear(system, Job("streams", len(heard)), made))
        progress("streams", made.timeline.seconds)
    long: dict[Kind, list[Heard]] = {}
    for kind in QUIET_KINDS:
        long[kind] = [hear(system, Job(kind, 0), quiet_stream(pool, kind, seed, 0, QUIET_SECONDS))]
        progress(kind, QUIET_SECONDS)
    stray: dict[str, StrayRow] = {kind: stray_row(long[kind]) for kind in QUIET_KINDS}
    stray["music"] = StrayRow(reason=_NO_MUSIC)
    pairs = [(one.timeline, one.replies) for one in heard]
    labels = {event.label for one in heard for event in one.timeline.events}
    return report(pairs, _names(labels), stray, _about(system, seed), beside(heard, long))


def hear(system: System, job: Job, made: Composition) -> Heard:
    """One stream heard by the system and by every gate."""
    said = tuple(system.hear(made.samples, made.timeline.instruction))
    return Heard(job, made.timeline, said, baselines=gates_over(made))


def _streams(recordings: Sequence[Composition], pool: Sequence[Cut], seed: int, streams: int) -> Iterator[Composition]:
    for recording in recordings:
        yield dataclasses.replace(recording, timeline=merged(recording.timeline))
    yield from (mini_stream(pool, seed, index) for index in range(streams))


def _names(labels: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """What each sound may be called: its label's own words, and those nano learned for it."""
    known = known_phrases()
    return {
        label: (label.replace("_", " "), *((known[label].short, known[label].noun) if label in known else ()))
        for label in labels
    }


def _source(event: StreamEvent, samples: Any) -> SourceClip:
    return SourceClip(
        samples=np.ascontiguousarray(samples, np.float32),
        label=event.label,
        clip=event.clip,
        kind=event.kind,
        recording=event.recording,
        licence=event.licence,
        source=event.source,
        decision=event.decision,
        reply=Reply("") if event.decision == "respond" else None,
        early_cue=event.decision == "respond",
        preprocessed=True,
        clip_offset=event.clip_offset,
        synthetic=event.synthetic,
    )


def _generated(rng: np.random.Generator, which: str) -> SourceClip:
    """An alarm that no other stream has, and so a recording of its own."""
    kinds = sorted(ALARMS)
    kind = kinds[int(rng.integers(len(kinds)))]
    name = f"generated:{kind}:{which}"
    return SourceClip(
        samples=generated_sound(kind, rng)[: 5 * SAMPLE_RATE],
        label="smoke_alarm" if kind == "carbon_monoxide" else kind,
        clip=name,
        recording=name,
        licence="CC0-1.0",
        source="soundflow",
        decision="respond",
        reply=Reply(""),
        early_cue=True,
        preprocessed=True,
        synthetic=True,
    )


def _about(system: System, seed: int) -> dict[str, Any]:
    return {
        "benchmark": "mini",
        "task": "proactive",
        "split": "packaged",
        "seed": seed,
        "model": system.name,
        "threshold": system.threshold,
        "machine": describe_machine(),
        "note": "some of these sounds were heard in training: a check of an installation, no score to quote",
        "unusable": {"clips": 0, "reasons": {}},
    }


def _draw(seed: int, index: int, stage: str) -> Draw:
    return lambda purpose: np.random.default_rng([seed, index, zlib.crc32(f"{stage} {purpose}".encode())])
