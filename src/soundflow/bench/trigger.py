"""`bench trigger`: does the model speak at the right sounds, and only there? (ruling 11)

Streams are composed from any folder of clips, heard through a session, and judged by `scoring.py`; stray replies are
counted on long streams of background, speech and music. Tests: tests/bench/test_trigger.py.
"""

from __future__ import annotations

import dataclasses
import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from soundflow.bench.bootstrap import Counts, Interval, bootstrap, clustered_rate
from soundflow.bench.listening import STRAY_KINDS, STRAY_STREAM_SECONDS, Heard, Job, Kind, Listener, Setting, hear_all
from soundflow.bench.machine import describe_machine
from soundflow.bench.scoring import EventResult, Names, SpokenReply, StreamResult, score_stream
from soundflow.bench.stray import StrayRow, stray_row
from soundflow.bench.systems import System
from soundflow.data.clips import ClipStore
from soundflow.data.timeline import Timeline
from soundflow.errors import InputError, UsageError
from soundflow.model.bundle import Bundle

RATES = ("trigger_accuracy", "balanced_accuracy", "recall", "specificity", "named")
REASONS_SHOWN = 10  # unusable clips that are named with their reason
Progress = Callable[[str, float], None]  # what was heard, seconds of sound


@dataclass(frozen=True)
class Beside:
    """What a trivial system said: over each stream, and on the long ones by kind."""

    replies: Sequence[Sequence[SpokenReply]]
    stray: Mapping[str, StrayRow]


@dataclass(frozen=True)
class TriggerReport:
    """Everything `bench trigger` found; rates carry 95 % bounds. `outcomes` has a row an event, for `bench compare`."""

    trigger_accuracy: Interval
    balanced_accuracy: Interval
    recall: Interval
    specificity: Interval
    named: Interval
    stray_per_hour: Mapping[str, StrayRow]
    per_label: Mapping[str, Mapping[str, Any]]
    trivial: Mapping[str, Mapping[str, Any]]
    streams: int
    hours: float
    events: int
    recordings: int
    about: Mapping[str, Any] = field(default_factory=dict)
    outcomes: tuple[Mapping[str, Any], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The one object that `--json` prints."""
        return {
            **{name: getattr(self, name).to_dict() for name in RATES},
            "stray_per_hour": {kind: row.to_dict() for kind, row in self.stray_per_hour.items()},
            "per_label": dict(self.per_label),
            "trivial": dict(self.trivial),
            "streams": self.streams,
            "hours": round(self.hours, 4),
            "events": self.events,
            "recordings": self.recordings,
            **self.about,
        }


def evaluate(
    bundle: Bundle, store: ClipStore, split: str, streams: int, seed: int, threshold: float | None = None
) -> TriggerReport:
    """Trigger accuracy alone, without the long streams: what a training script asks for."""
    return run_trigger(bundle, Setting(store, split, seed, threshold=threshold), streams, stray_hours=0.0)


def run_trigger(
    listener: Listener,
    setting: Setting,
    streams: int,
    stray_hours: float = 0.5,
    workers: int = 1,
    progress: Progress = lambda what, seconds: None,
) -> TriggerReport:
    """Compose, listen, judge.

    Args:
        listener: a model, or any system.
        streams: ordinary streams, 16-24 s each.
        stray_hours: of each kind of long stream; 0 leaves them out.
        workers: processes.

    Raises:
        InputError: the folder has no such split, or nothing in it calls for a decision.
        UsageError: no streams, or a negative number of hours.
    """
    _check(setting, streams, stray_hours)
    missing = _missing_kinds(setting, stray_hours)
    long_streams = math.ceil(stray_hours * 3600 / STRAY_STREAM_SECONDS)
    jobs = [Job("streams", i) for i in range(streams)]
    jobs += [Job(kind, i) for kind in STRAY_KINDS if kind not in missing for i in range(long_streams)]
    heard: dict[Kind, list[Heard]] = defaultdict(list)
    for one in hear_all(listener, setting, jobs, workers):
        heard[one.job.kind].append(one)
        progress(one.job.kind, one.timeline.seconds)
    stray: dict[str, StrayRow] = {
        kind: StrayRow(reason=missing[kind]) if kind in missing else stray_row(heard[kind]) for kind in STRAY_KINDS
    }
    pairs = [(one.timeline, one.replies) for one in heard["streams"]]
    long = {kind: heard[kind] for kind in STRAY_KINDS if kind not in missing}
    about = _about(listener, setting, workers)
    return report(pairs, names_of(setting.store), stray, about, beside(heard["streams"], long))


def beside(streams: Sequence[Heard], long: Mapping[Kind, Sequence[Heard]]) -> dict[str, Beside]:
    """What the gates said while the model was heard."""
    names = list(streams[0].baselines) if streams else []
    return {
        name: Beside(
            [one.baselines[name] for one in streams],
            {
                kind: stray_row([dataclasses.replace(one, replies=one.baselines[name]) for one in heard])
                for kind, heard in long.items()
            },
        )
        for name in names
    }


def names_of(store: ClipStore) -> Names:
    """What each label of a folder may be called."""
    return {label: store.label(label).names for label in {clip.label for clip in store.clips()}}


def report(
    heard: Sequence[tuple[Timeline, Sequence[SpokenReply]]],
    names: Names,
    stray: Mapping[str, StrayRow],
    about: Mapping[str, Any],
    others: Mapping[str, Beside] | None = None,
) -> TriggerReport:
    """Judge what was heard, and beside it what always silent, always respond and other trivial systems score."""
    results = [score_stream(timeline, replies, names) for timeline, replies in heard]
    timelines = [timeline for timeline, _ in heard]
    events = [event for result in results for event in result.events]
    hours = sum(result.seconds for result in results) / 3600
    in_streams = clustered_rate([len(one.stray) for one in results], [one.seconds / 3600 for one in results])
    return TriggerReport(
        **rates(events),
        stray_per_hour=stray,
        per_label=per_label(events),
        trivial={
            "always_silent": _trivial([(timeline, ()) for timeline, _ in heard]),
            "always_respond": _trivial([(timeline, at_every_chunk(timeline)) for timeline, _ in heard]),
            **{name: _other(timelines, other, names) for name, other in (others or {}).items()},
        },
        streams=len(results),
        hours=hours,
        events=len(events),
        recordings=len({event.recording for event in events}),
        about={**about, **_synthetic(events), "stray_per_hour_in_streams": in_streams.to_dict()},
        outcomes=tuple(_outcomes(results)),
    )


def rates(events: Sequence[EventResult]) -> dict[str, Interval]:
    """The five figures over events, resampled by recording."""
    columns = [  # right responds, responds, right ignores, ignores, named
        (e.responds and e.right, e.responds, not e.responds and e.right, not e.responds, bool(e.named)) for e in events
    ]
    counts = np.array(columns, dtype=np.float64).reshape(-1, 5)
    recordings = [event.recording for event in events]
    figures: dict[str, Callable[[Counts], Counts]] = {
        "trigger_accuracy": lambda c: _share(c[..., 0] + c[..., 2], c[..., 1] + c[..., 3]),
        "balanced_accuracy": lambda c: (_share(c[..., 0], c[..., 1]) + _share(c[..., 2], c[..., 3])) / 2,
        "recall": lambda c: _share(c[..., 0], c[..., 1]),
        "specificity": lambda c: _share(c[..., 2], c[..., 3]),
        "named": lambda c: _share(c[..., 4], c[..., 0]),
    }
    return {name: bootstrap(counts, recordings, figure) for name, figure in figures.items()}


def per_label(events: Sequence[EventResult]) -> dict[str, dict[str, Any]]:
    """Each label: events, right ones, their share, what was due, and the share of right replies that named it."""
    groups: dict[str, list[EventResult]] = defaultdict(list)
    for event in events:
        groups[event.label].append(event)
    rows: dict[str, dict[str, Any]] = {}
    for label, group in sorted(groups.items()):
        found = rates(group)
        due = {event.responds for event in group}
        rows[label] = {
            "n": len(group),
            "right": sum(event.right for event in group),
            "rate": found["trigger_accuracy"].to_dict(),
            "decision": "mixed" if len(due) > 1 else "respond" if True in due else "ignore",
            "named": found["named"].to_dict(),
        }
    return rows


def at_every_chunk(timeline: Timeline) -> list[SpokenReply]:
    """A reply at the end of every chunk: what "always respond" says."""
    count = round(timeline.seconds / timeline.chunk_seconds)
    return [SpokenReply((k + 1) * timeline.chunk_seconds) for k in range(count)]


def _trivial(heard: Sequence[tuple[Timeline, Sequence[SpokenReply]]]) -> dict[str, Any]:
    results = [score_stream(timeline, replies, {}) for timeline, replies in heard]
    found = rates([event for result in results for event in result.events])
    spoken = sum(len(replies) for _, replies in heard)
    hours = sum(timeline.seconds for timeline, _ in heard) / 3600
    return {
        **{name: found[name].to_dict() for name in RATES},
        "stray_per_hour": round(spoken / hours, 1) if hours else None,  # where nothing calls for a word
    }


def _other(timelines: Sequence[Timeline], other: Beside, names: Names) -> dict[str, Any]:
    """A gate's rates and, over all long streams together, its stray replies an hour."""
    results = [score_stream(t, replies, names) for t, replies in zip(timelines, other.replies, strict=True)]
    found = rates([event for result in results for event in result.events])
    hours = sum(row.hours for row in other.stray.values())
    count = sum(row.replies for row in other.stray.values())
    return {
        **{name: found[name].to_dict() for name in RATES},
        "stray_per_hour": round(count / hours, 1) if hours else None,
        "stray_per_hour_by_kind": {kind: row.to_dict() for kind, row in other.stray.items()},
    }


def _outcomes(results: Sequence[StreamResult]) -> Iterator[dict[str, Any]]:
    """One row an event: where it stands, what was due, and whether that was done."""
    for number, result in enumerate(results):
        for place, event in enumerate(result.events):
            due = "respond" if event.responds else "ignore"
            row = {"id": f"{number}.{place}.{event.label}", "recording": event.recording, "due": due}
            yield {**row, "right": event.right}


def _synthetic(events: Sequence[EventResult]) -> dict[str, Any]:
    """Ruling 13: generated clips are told apart, and real ones scored alone where there are both."""
    made = [event for event in events if event.synthetic]
    if not made:
        return {"synthetic_events": 0}
    real = rates([event for event in events if not event.synthetic])
    return {"synthetic_events": len(made), "real_only": {name: real[name].to_dict() for name in RATES}}


def _check(setting: Setting, streams: int, stray_hours: float) -> None:
    store = setting.store
    if setting.split not in store.splits:
        message = f"there is no split {setting.split!r} in {store.folder}"
        raise InputError("bench.split", message, f"splits there: {', '.join(store.splits)}")
    if streams < 1 or stray_hours < 0:
        raise UsageError("bench.amount", f"{streams} streams and {stray_hours:g} hours", "at least 1 and 0")
    store.prepare(setting.split)


def _missing_kinds(setting: Setting, stray_hours: float) -> dict[Kind, str]:
    """Kinds of long stream that cannot or shall not be heard, each with its reason."""
    if stray_hours == 0:
        return dict.fromkeys(STRAY_KINDS, "no long streams were asked for")
    missing: dict[Kind, str] = {}
    for kind in STRAY_KINDS:
        clips = setting.store.clips(split=setting.split, kind=kind)
        if all(clip.proactive is True for clip in clips):
            missing[kind] = f"split {setting.split!r} has no clips of kind {kind!r}"
    return missing


def _about(listener: Listener, setting: Setting, workers: int) -> dict[str, Any]:
    bad = setting.store.quarantined
    own = listener.threshold if isinstance(listener, System) else listener.config.response_threshold
    return {
        "benchmark": "trigger",
        "task": setting.task,
        "split": setting.split,
        "seed": setting.seed,
        "model": listener.name,
        "threshold": own if setting.threshold is None else setting.threshold,
        "machine": describe_machine(),
        "workers": workers,
        "unusable": {"clips": len(bad), "reasons": dict(list(bad.items())[:REASONS_SHOWN])},
    }


def _share(part: Counts, whole: Counts) -> Counts:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(part / whole)
