"""A long stream through one session: is the end of it as good as the beginning?

Five minutes hold some sixty events, so that two different five minutes differ by several points for no reason. The
stream therefore opens with an excerpt and closes with the same one, sample for sample and chunk for chunk: the same
events are judged twice, in pairs, and all that differs is how old the session is. Other streams fill the time between.
Tests: tests/bench/test_soak.py.
"""

from __future__ import annotations

import dataclasses
import wave
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from soundflow.audio.decode import iter_audio
from soundflow.audio.pcm import SAMPLE_RATE, to_s16le
from soundflow.bench.bootstrap import bootstrap, ratio
from soundflow.bench.hearing import spoken
from soundflow.bench.listening import Job, Setting, compose_job
from soundflow.bench.machine import resident_mb
from soundflow.bench.scoring import EventResult, Names, SpokenReply, score_stream
from soundflow.bench.timing import Stopwatch
from soundflow.bench.trigger import RATES, at_every_chunk, rates
from soundflow.data.compose import Composition
from soundflow.data.timeline import Timeline
from soundflow.errors import UsageError
from soundflow.model.bundle import Bundle
from soundflow.stream.events import Event, ReplyEnd, ReplyStart
from soundflow.stream.session import Session

MINUTE = 60.0  # seconds
MOST_SLOWER = 1.1  # p95 and memory may grow by 10 % of the first minute's
MOST_POINTS_LOST = 2.0  # percentage points of trigger accuracy
WARM_CHUNKS = 10


@dataclass(frozen=True)
class SoakStream:
    """What is played: what is due in the excerpt, when (seconds) it begins again, and how long all of it is."""

    excerpt: Timeline
    closing_at: float
    seconds: float


@dataclass(frozen=True)
class Soaked:
    """What one session said, how long each chunk took, which ones it spoke at, and the MiB held after each minute."""

    replies: tuple[SpokenReply, ...]
    watch: Stopwatch
    spoke: Sequence[int]
    resident_mb: tuple[float, ...]


@dataclass(frozen=True)
class Pairs:
    """The same events judged at the opening and at the closing, in the same order."""

    opening: tuple[EventResult, ...]
    closing: tuple[EventResult, ...]


def write_soak(setting: Setting, minutes: float, excerpt_minutes: float, path: Path) -> SoakStream:
    """Compose the stream into a 16 kHz wav file, one composed stream after the other.

    Args:
        minutes: of stream; the last composed stream may make it up to half a minute longer.
        excerpt_minutes: of what is heard first and last, at most half of the whole.

    Raises:
        UsageError: not more than nothing, or the excerpt does not fit twice.
    """
    if not 0 < 2 * excerpt_minutes <= minutes:
        raise UsageError("bench.amount", f"{minutes:g} minutes with {excerpt_minutes:g} twice", "a shorter excerpt")
    made = (compose_job(setting, Job("streams", index)) for index in range(1 << 30))
    excerpt = list(_lasting(excerpt_minutes * MINUTE, made))
    opening = joined([one.timeline for one in excerpt])
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))
        between = 0.0
        for one in excerpt:
            file.writeframes(to_s16le(one.samples))
        for one in _lasting(minutes * MINUTE - 2 * opening.seconds, made):
            file.writeframes(to_s16le(one.samples))
            between += one.timeline.seconds
        for one in excerpt:
            file.writeframes(to_s16le(one.samples))
    return SoakStream(opening, opening.seconds + between, 2 * opening.seconds + between)


def joined(timelines: Sequence[Timeline]) -> Timeline:
    """One timeline for several proactive streams, one after the other."""
    at, events = 0.0, []
    for timeline in timelines:
        for e in timeline.events:
            events.append(dataclasses.replace(e, onset=e.onset + at, end=e.end + at, cue=e.cue + at))
        at += timeline.seconds
    return Timeline(at, timelines[0].chunk_seconds, None, "proactive", tuple(events))


def hear_soak(
    bundle: Bundle, path: Path, threshold: float | None = None, progress: Callable[[float], None] = lambda seconds: None
) -> Soaked:
    """Hear a file in one session, chunk by chunk as fast as it is computed; only replies and times are kept."""
    watch, memory, spoke, events = Stopwatch(), array("d"), bytearray(), list[Event]()
    seconds = bundle.config.chunk_seconds
    a_minute = round(MINUTE / seconds)
    with Session(bundle, None, threshold) as warm:  # the first chunks a process hears take longer
        for block in islice(iter_audio(path, seconds), WARM_CHUNKS):
            warm.feed(block)
    with Session(bundle, None, threshold) as session:
        for chunk, block in enumerate(iter_audio(path, seconds), 1):
            said = _replies(watch.time(partial(session.feed, block)))
            spoke.append(bool(said))
            events += said
            if chunk % a_minute == 0:
                memory.append(resident_mb())
                progress(MINUTE)
        events += _replies(session.end())
    return Soaked(tuple(spoken(events)), watch, spoke, tuple(memory))


def judge(stream: SoakStream, replies: Sequence[SpokenReply], names: Names) -> Pairs:
    """The excerpt's events, judged both times they were played."""
    opening = score_stream(stream.excerpt, during(replies, 0.0, stream.excerpt.seconds), names)
    closing = score_stream(stream.excerpt, during(replies, stream.closing_at, stream.excerpt.seconds), names)
    return Pairs(opening.events, closing.events)


def during(replies: Sequence[SpokenReply], at: float, seconds: float) -> list[SpokenReply]:
    """The replies that start in (at, at + seconds], with their times counted from `at` (ruling 1: a border ends)."""
    shifted = [SpokenReply(round(reply.at - at, 6), reply.text) for reply in replies]
    return [reply for reply in shifted if 0 < reply.at <= seconds + 1e-6]


def accuracy(pairs: Pairs, excerpts: Sequence[Timeline]) -> dict[str, Any]:
    """Rates at the opening and the closing, and the difference over the same events, in points with 95 % bounds."""
    both = list(zip(pairs.opening, pairs.closing, strict=True))
    counts = np.array([(100.0 * (last.right - first.right), 1.0) for first, last in both]).reshape(-1, 2)
    recordings = [event.recording for event in pairs.opening]
    change = bootstrap(counts, recordings, ratio)
    return {
        "events": len(both),
        "opening": _rates(pairs.opening),
        "closing": _rates(pairs.closing),
        "points_gained": change.to_dict(),
        "became_right": sum(last.right and not first.right for first, last in both),
        "became_wrong": sum(first.right and not last.right for first, last in both),
        "always_silent": _trivial([(excerpt, ()) for excerpt in excerpts]),
        "always_respond": _trivial([(excerpt, at_every_chunk(excerpt)) for excerpt in excerpts]),
    }


def course(stream: SoakStream, soaked: Soaked) -> dict[str, Any]:
    """Times and memory of the first minute, of the same minute heard again at the closing, and of the last.

    `p95_growth` and `memory_growth` are ratios to the first minute. For p95 it is the same sound again, by the
    processor's clock, over the chunks at which nothing was said either time: about one chunk in twenty is answered, so
    that p95 over all (`p95_growth_all_in`) jumps by the length of a reply when one more or less is given.
    """
    watch, memory = soaked.watch, soaked.resident_mb
    chunk_seconds = stream.excerpt.chunk_seconds
    a_minute, again = round(MINUTE / chunk_seconds), round(stream.closing_at / chunk_seconds)
    chunks = len(watch.wall_ms)
    first = range(min(a_minute, chunks - again))
    later = range(again, again + len(first))
    spans = {
        "first_minute": first,
        "same_minute_again": later,
        "last_minute": range(max(0, chunks - a_minute), chunks),
        "whole": range(chunks),
    }
    silent = [k for k in first if not soaked.spoke[k] and not soaked.spoke[again + k]]
    return {
        "minutes": round(stream.seconds / MINUTE, 2),
        "again_after_minutes": round(stream.closing_at / MINUTE, 2),
        **{name: {**watch.spread(span), "replies": sum(soaked.spoke[k] for k in span)} for name, span in spans.items()},
        "p95_growth": _growth(watch, silent, [again + k for k in silent], "cpu_p95_ms"),
        "p95_growth_wall": _growth(watch, silent, [again + k for k in silent], "p95_ms"),
        "p95_growth_all_in": _growth(watch, first, later, "cpu_p95_ms"),
        "resident_mb": [round(mb, 1) for mb in memory],
        "memory_growth": round(memory[-1] / memory[0], 4) if memory else None,
    }


def verdict(courses: Sequence[dict[str, Any]], accuracies: dict[str, Any]) -> dict[str, bool | None]:
    """Whether the end is as good as the beginning; None where there was nothing to compare."""
    gained = accuracies["points_gained"]["value"]
    return {
        "p95": _is_bounded([one["p95_growth"] for one in courses]),
        "memory": _is_bounded([one["memory_growth"] for one in courses]),
        "accuracy": None if gained is None else gained >= -MOST_POINTS_LOST,
    }


def _growth(watch: Stopwatch, before: Sequence[int], after: Sequence[int], figure: str) -> float | None:
    """The ratio of a figure over some chunks to the same over others; None when there are none."""
    return round(watch.spread(after)[figure] / watch.spread(before)[figure], 4) if before else None


def _is_bounded(growths: Sequence[float | None]) -> bool | None:
    return None if None in growths else all(growth is not None and growth <= MOST_SLOWER for growth in growths)


def _lasting(seconds: float, made: Iterator[Composition]) -> Iterator[Composition]:
    """Streams until that many seconds are full."""
    left = seconds
    while left > 0:
        one = next(made)
        left -= one.timeline.seconds
        yield one


def _replies(events: Sequence[Event]) -> list[Event]:
    return [event for event in events if isinstance(event, ReplyStart | ReplyEnd)]


def _rates(events: Sequence[EventResult]) -> dict[str, Any]:
    found = rates(events)
    return {name: found[name].to_dict() for name in RATES}


def _trivial(answered: Sequence[tuple[Timeline, Sequence[SpokenReply]]]) -> dict[str, Any]:
    return _rates([event for timeline, replies in answered for event in score_stream(timeline, replies, {}).events])
