"""Random streams out of a folder of clips: number i of a seed is the same stream whoever asks for it.

Tests: tests/data/test_streams.py.
"""

from __future__ import annotations

import dataclasses
import zlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from soundflow.data.augment import AugmentConfig, augment, band_gains
from soundflow.data.clips import Clip, ClipStore
from soundflow.data.compose import ComposeConfig, Composition, SourceClip, compose
from soundflow.data.mixing import level_of
from soundflow.data.tasks import counting, narration, proactive, standing
from soundflow.data.tasks.phrases import Phrases, phrases_of
from soundflow.data.tasks.plan import IGNORE, Choice, Plan
from soundflow.errors import InputError

Samples = NDArray[np.float32]
Task = Literal["proactive", "narration", "counting", "standing", "quiet"]

SAMPLE_RATE = 16_000
SHORTEST_EVENT_SECONDS = 0.3


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
    other_kind_share: float = 0.0  # of events in proactive streams that are plain speech or music
    by_label: bool = False  # draw a label first (square root of its clips), then a clip; else any clip alike
    one_noise_share: float = 0.0  # of streams with a single noise track
    no_noise_share: float = 0.0
    synthetic_noise_share: float = 0.0  # of noise tracks that are coloured noise
    compose: ComposeConfig = ComposeConfig()
    augment: AugmentConfig | None = None  # training only


def bench_config() -> StreamConfig:
    """The streams that `bench trigger` listens to."""
    return StreamConfig()


def stream(store: ClipStore, split: str, seed: int, index: int, config: StreamConfig) -> Composition:
    """Compose stream number `index`.

    Raises:
        InputError: the split has no events that call for a decision.
    """

    def draw(purpose: str) -> np.random.Generator:
        return np.random.default_rng([seed, index, zlib.crc32(purpose.encode())])

    task = _task(config, draw("task"))
    clips, plan = _choose(store, split, task, config, draw("clips"))
    pairs = list(zip(clips, plan.choices, strict=True))
    noise = [_noise(store, split, kind, config, draw(f"pick {kind}")) for kind in ("event", "ambient")]
    noise = _thinned(noise, config, draw("tracks"))
    settings = dataclasses.replace(config.compose, least_seconds=config.seconds[0])
    while True:
        sources = [_source(store, c, s, config, len(pairs), draw(f"cut {i}")) for i, (c, s) in enumerate(pairs)]
        made = compose(sources, *noise, settings, draw, plan.instruction, task)
        if made.timeline.seconds <= config.seconds[1] or len(pairs) <= 1:
            return made
        pairs = pairs[:-1]


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


def _choose(
    store: ClipStore, split: str, task: Task, config: StreamConfig, rng: np.random.Generator
) -> tuple[list[Clip], Plan]:
    book = _phrase_book(store)
    count = int(rng.integers(config.events[0], config.events[1] + 1))
    decided = _pool(store, split, lambda c: c.kind == "event" and c.proactive is not None)
    if task == "quiet":
        others = _pool(store, split, _is_other)
        clips = _draw_by_label(others, int(rng.integers(0, 4)), rng) if others else []
        return clips, Plan(None, (IGNORE,) * len(clips))
    if task == "proactive":
        clips = _mixed(store, split, decided, count, config, rng)
        return clips, proactive.plan(clips, book, rng)
    events = _pool(store, split, lambda c: c.kind == "event")
    if task == "narration":
        clips = _draw_by_label(events, count, rng)
        return clips, narration.plan(clips, book, rng)
    target = str(rng.choice([c.label for c in _draw_by_label(events, 1, rng)]))
    same = [c for c in events if c.label == target]
    rest = [c for c in events if c.label != target]
    if rng.random() < 0.8:  # a listener who waits for one sound mostly hears harmless ones
        rest = [c for c in rest if c.proactive is False]
    wanted = int(rng.integers(0 if task == "standing" else 1, min(4, count) + 1))
    clips = [same[i] for i in rng.integers(0, len(same), wanted)] + _draw_by_label(rest, count - wanted, rng)
    clips = [clips[i] for i in rng.permutation(len(clips))]
    return clips, (counting if task == "counting" else standing).plan(clips, book, rng, target)


def _phrase_book(store: ClipStore) -> Callable[[str], Phrases]:
    return lambda label: phrases_of(store.label(label))


def _mixed(
    store: ClipStore, split: str, decided: Sequence[Clip], count: int, config: StreamConfig, rng: np.random.Generator
) -> list[Clip]:
    if not decided:
        raise InputError(
            "streams.no_events",
            f"split {split!r} of {store.folder} has no event with proactive true or false",
            f"splits there: {', '.join(store.splits)}",
        )
    if not config.by_label:
        return [decided[i] for i in rng.integers(0, len(decided), count)]
    others = _pool(store, split, _is_other)
    speaks = [c for c in decided if c.proactive]
    harmless = [c for c in decided if not c.proactive]
    chosen: list[Clip] = []
    for _ in range(count):
        pool = others if others and rng.random() < config.other_kind_share else [speaks, harmless][int(rng.integers(2))]
        chosen += _draw_by_label(pool or decided, 1, rng)
    return chosen


def _is_other(clip: Clip) -> bool:
    return clip.kind in ("speech", "music") and clip.proactive is not True


def _pool(store: ClipStore, split: str, wanted: Callable[[Clip], bool]) -> list[Clip]:
    return [clip for clip in store.clips(split=split) if wanted(clip)]


def _draw_by_label(clips: Sequence[Clip], count: int, rng: np.random.Generator) -> list[Clip]:
    """Labels by the square root of how many clips they have, then any of their clips."""
    groups: dict[str, list[Clip]] = defaultdict(list)
    for clip in clips:
        groups[clip.label].append(clip)
    labels = sorted(groups)
    weights = np.sqrt([len(groups[label]) for label in labels])
    chosen = rng.choice(len(labels), size=count, p=weights / weights.sum())
    return [groups[labels[i]][int(rng.integers(len(groups[labels[i]])))] for i in chosen]


def _source(
    store: ClipStore, clip: Clip, spoken: Choice, config: StreamConfig, count: int, rng: np.random.Generator
) -> SourceClip:
    samples, offset = _cut(store.tfjp_audio(clip), _longest(config, count), rng)
    if config.augment is not None:
        samples = augment(samples, rng, config.augment)
    return SourceClip(
        samples=samples,
        label=clip.label,
        clip=clip.id,
        kind=clip.kind,
        recording=clip.recording,
        licence=clip.licence,
        source=clip.source,
        decision=spoken.decision,
        reply=spoken.reply,
        early_cue=spoken.early_cue,
        preprocessed=True,
        clip_offset=offset / SAMPLE_RATE,
        synthetic=clip.synthetic,
    )


def _longest(config: StreamConfig, count: int) -> float:
    """Seconds one of `count` events may take so that the stream usually keeps its length."""
    mean_gap = sum(config.compose.gap_seconds) / 2
    room = config.seconds[1] - 3.5 - mean_gap * (count - 1)
    return min(config.longest_event_seconds, max(1.2, room / max(1, count)))


def _cut(samples: Samples, longest_seconds: float, rng: np.random.Generator) -> tuple[Samples, int]:
    """At most so much of a clip: mostly its beginning, sometimes a stretch from inside."""
    most = round(longest_seconds * SAMPLE_RATE)
    surplus = len(samples) - most
    if surplus <= 0:
        return samples, 0
    start = 0 if rng.random() < 0.6 else int(rng.integers(0, surplus + 1))
    return samples[start : start + most], start


def _noise(
    store: ClipStore, split: str, kind: str, config: StreamConfig, rng: np.random.Generator
) -> SourceClip | None:
    if rng.random() < config.synthetic_noise_share:
        return _coloured_noise(rng)
    pool = store.clips(split=split, kind="background")
    if not pool:
        return None
    clip = pool[int(rng.integers(len(pool)))]
    samples = store.audio(clip)
    if config.augment is not None and rng.random() < 0.5:
        samples = _equalised(samples, rng, config.augment)
    return SourceClip(
        samples, clip.label, clip.id, clip.kind, clip.recording, clip.licence, clip.source, preprocessed=True
    )


def _coloured_noise(rng: np.random.Generator) -> SourceClip:
    """Twelve seconds of noise whose power falls by 0 to 6 dB an octave."""
    spectrum = np.fft.rfft(rng.standard_normal(12 * SAMPLE_RATE))
    spectrum[1:] /= np.arange(1, len(spectrum)) ** (rng.uniform(0, 1))
    samples = np.fft.irfft(spectrum).astype(np.float32)
    samples *= np.float32(10 ** ((-30 - level_of(samples)) / 20))
    return SourceClip(
        samples, "background_noise", "generated", "background", "generated", "CC0-1.0", "soundflow", synthetic=True
    )


def _equalised(samples: Samples, rng: np.random.Generator, config: AugmentConfig) -> Samples:
    gains = band_gains(len(samples) // 2 + 1, rng, config)
    if gains is None:
        return samples
    return np.asarray(np.fft.irfft(np.fft.rfft(samples) * gains, len(samples)), np.float32)


def _thinned(
    noise: Sequence[SourceClip | None], config: StreamConfig, rng: np.random.Generator
) -> list[SourceClip | None]:
    at = rng.random()
    if at < config.no_noise_share:
        return [None, None]
    if at < config.no_noise_share + config.one_noise_share:
        return [noise[0], None]
    return list(noise)
