"""Random streams out of a folder of clips: number i of a seed is the same stream whoever asks for it.

Tests: tests/data/test_streams.py.
"""

from __future__ import annotations

import dataclasses
import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from soundflow.audio.pcm import SAMPLE_RATE
from soundflow.data.augment import AugmentConfig, augment, band_gains
from soundflow.data.clips import Clip, ClipStore
from soundflow.data.compose import ComposeConfig, Composition, Draw, SourceClip, compose
from soundflow.data.generate.alarms import ALARMS
from soundflow.data.mixing import level_of
from soundflow.data.tasks import counting, narration, proactive, standing
from soundflow.data.tasks.casting import QUIET_KINDS, Cast, Stage, Task, cast, stage_of
from soundflow.data.tasks.phrases import Phrases, phrases_of
from soundflow.data.tasks.plan import IGNORE, Choice, Plan
from soundflow.data.timeline import EARLY_CUE_SECONDS
from soundflow.errors import InputError

Samples = NDArray[np.float32]

SHORTEST_CUT_SECONDS = EARLY_CUE_SECONDS  # a clip is never cut below what a listener gets before he must answer
COMFORTABLE_CUT_SECONDS = 2.5  # a stream is made longer, where it may be, before its clips are cut below this
LOUD_SECONDS = 0.4  # the loudest stretch of this length is kept when a clip is cut
LONGEST_TAIL_SECONDS = 4.0  # a stream of short clips is drawn no longer than needed, plus this
CARBON_MONOXIDE_SHARE = 0.25  # of generated smoke alarms
LONGEST_QUIET_CLIP_SECONDS = 12.0  # of speech or music in a long quiet stream
QUIET_SNR_DB = (0.0, 15.0)  # of backgrounds alone, below the level clips would have had


@dataclass(frozen=True)
class StreamConfig:
    """What streams are made of; the defaults are the bench's (16-24 s, 3-6 events, SNR 5-20 dB, proactive)."""

    seconds: tuple[float, float] = (16.0, 24.0)
    events: tuple[int, int] = (3, 6)
    longest_event_seconds: float = 5.0
    narration_share: float = 0.0
    counting_share: float = 0.0
    standing_share: float = 0.0
    quiet_share: float = 0.0
    quiet_kinds: tuple[str, ...] = QUIET_KINDS  # what a quiet stream may hold, one kind a stream
    quiet_instruction_share: float = 0.0  # of quiet streams, those that wait for or count a sound which never comes
    respond_share: float = 0.5  # of the events of proactive streams, those that call for advice
    other_kind_share: float = 0.0  # of clips that are plain speech or music
    by_label: bool = False  # draw a label first (square root of its clips), then a clip; else any clip alike
    rare_floor: int = 9  # a label with fewer clips is drawn as if it had so many
    labels: tuple[str, ...] = ()  # only events with these labels; empty for all
    generated_share: float = 0.0  # of events whose kind of alarm can be generated, those that are
    one_noise_share: float = 0.0  # of streams with a single noise track
    no_noise_share: float = 0.0
    synthetic_noise_share: float = 0.0  # of noise tracks that are coloured noise
    other_noise_share: float = 0.0  # of event-like noise tracks that are music or speech
    compose: ComposeConfig = ComposeConfig()
    augment: AugmentConfig | None = None  # training only


def bench_config() -> StreamConfig:
    """The streams that `bench trigger` listens to: proactive true and false events only, nothing augmented."""
    return StreamConfig()


def training_config() -> StreamConfig:
    """A mixture of all tasks for training."""
    return StreamConfig(
        narration_share=0.1,
        counting_share=0.1,
        standing_share=0.1,
        quiet_share=0.08,
        quiet_instruction_share=0.3,
        other_kind_share=0.15,
        by_label=True,
        generated_share=0.5,
        one_noise_share=0.2,
        no_noise_share=0.05,
        synthetic_noise_share=0.1,
        other_noise_share=0.2,
        augment=AugmentConfig(),
    )


def stream(store: ClipStore, split: str, seed: int, index: int, config: StreamConfig) -> Composition:
    """Compose stream number `index` of a seed from one split.

    Returns:
        A stream whose length is a whole number of chunks within `config.seconds`.

    Raises:
        InputError: the split has no event for the task, in a proactive stream none with proactive true or false.
    """

    def draw(purpose: str) -> np.random.Generator:
        return np.random.default_rng([seed, index, zlib.crc32(purpose.encode())])

    store.prepare(split)
    stage = _stage(store, split, config.by_label, config.rare_floor, config.labels)
    task = _task(config, draw("task"))
    members, plan = _casting(store, split, stage, task, config, draw)
    choices = dict(enumerate(plan.choices))
    lengths = [min(store.seconds(clip, after_tfjp=True), config.longest_event_seconds) for clip in members]
    fit = _fit(lengths, config, draw)
    sources = [
        _source(store, members[i], choices[i], seconds, config, draw(f"clip {i}"))
        for i, seconds in enumerate(fit.clip_seconds)
    ]
    noise = noise_tracks(store, split, config, draw)
    settings = dataclasses.replace(config.compose, least_seconds=fit.seconds)
    if not sources:
        settings = dataclasses.replace(settings, snr_db=QUIET_SNR_DB)
    return compose(sources, *noise, settings, draw, plan.instruction, task)


@lru_cache(maxsize=8)
def _stage(store: ClipStore, split: str, by_label: bool, rare_floor: int, labels: tuple[str, ...]) -> Stage:
    clips = [c for c in store.clips(split=split) if c.kind != "event" or not labels or c.label in labels]
    return stage_of(clips, lambda label: phrases_of(store.label(label)), by_label, rare_floor)


def _task(config: StreamConfig, rng: np.random.Generator) -> Task:
    shares: dict[Task, float] = {
        "narration": config.narration_share,
        "counting": config.counting_share,
        "standing": config.standing_share,
        "quiet": config.quiet_share,
    }
    at = rng.random()
    for task, share in shares.items():
        if at < share:
            return task
        at -= share
    return "proactive"


def _casting(
    store: ClipStore, split: str, stage: Stage, task: Task, config: StreamConfig, draw: Draw
) -> tuple[tuple[Clip, ...], Plan]:
    rng = draw("cast")
    count = int(rng.integers(config.events[0], config.events[1] + 1))
    chosen = cast(task, stage, count, rng, config.respond_share, config.other_kind_share, config.quiet_kinds)
    if not chosen.clips and task != "quiet":
        message = f"split {split!r} of {store.folder} has no event for a {task} stream"
        raise InputError("streams.no_events", message, f"splits there: {', '.join(store.splits)}")
    rng = draw("words")
    if task == "quiet" and stage.events and rng.random() < config.quiet_instruction_share:
        waiting: Task = "counting" if rng.random() < 0.5 else "standing"
        return chosen.clips, _planned(store, waiting, dataclasses.replace(chosen, target=stage.events.label(rng)), rng)
    return chosen.clips, _planned(store, task, chosen, rng)


def _planned(store: ClipStore, task: Task, chosen: Cast, rng: np.random.Generator) -> Plan:
    def phrases(label: str) -> Phrases:
        return phrases_of(store.label(label))

    if task == "narration":
        return narration.plan(chosen.clips, phrases, rng)
    if chosen.target is not None:
        planner = counting.plan if task == "counting" else standing.plan
        return planner(chosen.clips, phrases, rng, chosen.target)
    if task == "quiet":
        return Plan(None, (IGNORE,) * len(chosen.clips))
    return proactive.plan(chosen.clips, phrases, rng)


@dataclass(frozen=True)
class _Fit:
    """The length of a stream, and of each clip that found room in it (the last ones may not)."""

    seconds: float
    clip_seconds: tuple[float, ...]


def _fit(lengths: Sequence[float], config: StreamConfig, draw: Draw) -> _Fit:
    """Draw a length and make room: long clips are cut alike, and the last one goes when that is not enough."""
    least, most = config.seconds
    drawn = float(draw("length").uniform(least, most))
    chunk = config.compose.chunk_seconds
    most = math.floor(round(most / chunk, 6)) * chunk
    kept = list(lengths)
    while kept:
        pauses = pauses_seconds(len(kept), config.compose, draw)
        needed = pauses + sum(min(length, SHORTEST_CUT_SECONDS) for length in kept)
        if needed <= most:
            break
        kept.pop()
    pauses = pauses_seconds(len(kept), config.compose, draw)
    longest = pauses + sum(kept) + LONGEST_TAIL_SECONDS
    needed = pauses + sum(min(length, COMFORTABLE_CUT_SECONDS) for length in kept)
    wanted = min(max(needed, min(drawn, longest), least), most)
    seconds = min(math.ceil(round(wanted / chunk, 6)) * chunk, most)
    limit = common_limit(kept, seconds - pauses)
    return _Fit(seconds, tuple(min(length, limit) for length in kept))


def pauses_seconds(count: int, config: ComposeConfig, draw: Draw) -> float:
    """Seconds of a stream in which no foreground clip sounds: what `compose` will draw for so many clips."""
    rng = draw("place")
    ranges = [config.lead_seconds, *[config.gap_seconds] * (count - 1), config.tail_seconds]
    return sum(float(rng.uniform(*bounds)) + 1 / SAMPLE_RATE for bounds in ranges)


def common_limit(lengths: Sequence[float], room: float) -> float:
    """The largest limit on each length under which they fit into `room` together."""
    limit, left = math.inf, room
    for done, length in enumerate(sorted(lengths)):
        share = left / (len(lengths) - done)
        if length > share:
            return share
        left -= length
    return limit


def _source(
    store: ClipStore, clip: Clip, choice: Choice, seconds: float, config: StreamConfig, rng: np.random.Generator
) -> SourceClip:
    generated = clip.label in ALARMS and rng.random() < config.generated_share
    whole = generated_sound(clip.label, rng) if generated else store.tfjp_audio(clip)
    count = int(seconds * SAMPLE_RATE)
    samples, start = cut(whole, count, rng)
    content = clip.content_of(samples, whole)
    if config.augment is not None:
        samples = augment(samples, rng, config.augment)[:count]
    return SourceClip(
        samples=samples,
        label=clip.label,
        clip="generated" if generated else clip.id,
        kind=clip.kind,
        recording="generated" if generated else clip.recording,
        licence="CC0-1.0" if generated else clip.licence,
        source="soundflow" if generated else clip.source,
        decision=choice.decision,
        reply=choice.reply,
        early_cue=choice.early_cue,
        preprocessed=True,
        clip_offset=start / SAMPLE_RATE,
        synthetic=generated or clip.synthetic,
        content=content,
    )


def generated_sound(label: str, rng: np.random.Generator) -> Samples:
    """An alarm of our own; a carbon monoxide alarm is a smoke alarm by its label."""
    kind = "carbon_monoxide" if label == "smoke_alarm" and rng.random() < CARBON_MONOXIDE_SHARE else label
    return ALARMS[kind](rng).samples


def cut(samples: Samples, count: int, rng: np.random.Generator) -> tuple[Samples, int]:
    """At most `count` samples that hold the loudest stretch, early enough to be heard before the cue."""
    surplus = len(samples) - count
    if surplus <= 0:
        return samples, 0
    loud = round(LOUD_SECONDS * SAMPLE_RATE)
    energy = np.concatenate([[0.0], np.cumsum(np.square(samples, dtype=np.float64))])
    at = int(np.argmax(energy[loud:] - energy[:-loud])) if len(samples) > loud else 0
    first = max(0, at + loud - min(count, round(EARLY_CUE_SECONDS * SAMPLE_RATE)))
    start = int(rng.integers(min(first, surplus), min(at, surplus) + 1))
    return samples[start : start + count], start


def noise_tracks(
    store: ClipStore, split: str, config: StreamConfig, draw: Draw
) -> tuple[SourceClip | None, SourceClip | None]:
    """The event-like and the ambient noise track; either may be absent where the configuration allows it."""
    at = draw("tracks").random()
    if at < config.no_noise_share:
        return None, None
    first = _noise(store, split, config, draw("noise clip event"), config.other_noise_share)
    if at < config.no_noise_share + config.one_noise_share:
        return first, None
    return first, _noise(store, split, config, draw("noise clip ambient"), 0.0)


def _noise(
    store: ClipStore, split: str, config: StreamConfig, rng: np.random.Generator, other_share: float
) -> SourceClip:
    """A background, or music or long speech; coloured noise where the split has nothing of the kind."""
    is_other = rng.random() < other_share
    pool = _noise_pool(store, split, is_other) or _noise_pool(store, split, False)
    if rng.random() < config.synthetic_noise_share or not pool:
        return coloured_noise(rng)
    clip = pool[int(rng.integers(len(pool)))]
    samples = store.audio(clip)
    if config.augment is not None and rng.random() < 0.5:
        samples = _equalised(samples, rng, config.augment)
    return SourceClip(
        samples, clip.label, clip.id, clip.kind, clip.recording, clip.licence, clip.source, preprocessed=True
    )


@lru_cache(maxsize=16)
def _noise_pool(store: ClipStore, split: str, is_other: bool) -> tuple[Clip, ...]:
    kinds = ("speech", "music") if is_other else ("background",)
    shortest = 2.5 if is_other else 1.0  # seconds: a word said over and over is no background
    return tuple(c for c in store.clips(split=split) if c.kind in kinds and store.seconds(c) >= shortest)


def coloured_noise(rng: np.random.Generator) -> SourceClip:
    """Twelve seconds of noise whose power falls by 0 to 6 dB an octave."""
    spectrum = np.fft.rfft(rng.standard_normal(12 * SAMPLE_RATE))
    spectrum[1:] /= np.arange(1, len(spectrum)) ** (rng.uniform(0, 1))
    samples = np.fft.irfft(spectrum).astype(np.float32)
    samples *= np.float32(10 ** ((-30 - level_of(samples)) / 20))
    return SourceClip(
        samples,
        "background_noise",
        "generated",
        "background",
        "generated",
        "CC0-1.0",
        "soundflow",
        preprocessed=True,
        synthetic=True,
    )


def _equalised(samples: Samples, rng: np.random.Generator, config: AugmentConfig) -> Samples:
    gains = band_gains(len(samples) // 2 + 1, rng, config)
    if gains is None:
        return samples
    return np.asarray(np.fft.irfft(np.fft.rfft(samples) * gains, len(samples)), np.float32)


def long_stream(store: ClipStore, split: str, kind: str, seed: int, index: int, seconds: float) -> Composition:
    """A long stream of one kind only (`background`, `speech` or `music`) in which nothing calls for a word.

    Speech and music stand in the foreground over background noise; background alone is two noise tracks.

    Returns:
        A stream of at least `seconds`.

    Raises:
        InputError: the split has no clips of that kind.
    """

    def draw(purpose: str) -> np.random.Generator:
        return np.random.default_rng([seed, index, zlib.crc32(f"{kind} {purpose}".encode())])

    store.prepare(split)
    pool = [clip for clip in store.clips(split=split, kind=kind) if clip.proactive is not True]
    if not pool:
        raise InputError("streams.no_clips", f"split {split!r} of {store.folder} has no {kind}", "leave that kind out")
    config, rng = bench_config(), draw("clips")
    sources: list[SourceClip] = []
    filled = LONGEST_TAIL_SECONDS
    while kind != "background" and filled < seconds:
        clip = pool[int(rng.integers(len(pool)))]
        sources.append(_source(store, clip, IGNORE, LONGEST_QUIET_CLIP_SECONDS, config, rng))
        filled += len(sources[-1].samples) / SAMPLE_RATE + sum(config.compose.gap_seconds) / 2
    settings = dataclasses.replace(config.compose, least_seconds=seconds)
    if not sources:
        settings = dataclasses.replace(settings, snr_db=QUIET_SNR_DB)
    return compose(sources, *noise_tracks(store, split, config, draw), settings, draw, None, "quiet")
