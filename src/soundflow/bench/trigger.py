"""`bench trigger`: does the model speak at the right sounds, and only there? (ruling 11)

Streams are composed from any folder of clips, heard through a session, and judged by `scoring.py`; stray replies are
counted on long streams of background, speech and music. Tests: tests/bench/test_trigger.py.
"""

from __future__ import annotations

import platform
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from soundflow.bench.bootstrap import Counts, Interval, bootstrap, poisson_rate
from soundflow.bench.scoring import EventResult, Names, SpokenReply, StreamResult, score_stream
from soundflow.data.clips import ClipStore
from soundflow.data.compose import Composition
from soundflow.data.streams import bench_config, long_stream, stream
from soundflow.data.timeline import Timeline
from soundflow.errors import InputError
from soundflow.model.bundle import Bundle
from soundflow.stream.events import Event, ReplyEnd, ReplyStart
from soundflow.stream.session import Session

STRAY_KINDS = ("background", "speech", "music")
STRAY_STREAM_SECONDS = 120.0
Listener = Callable[[Composition], list[SpokenReply]]
Progress = Callable[[str, float], None]  # what was heard, seconds of sound


@dataclass(frozen=True)
class TriggerReport:
    """Everything `bench trigger` found; rates carry 95 % bounds."""

    trigger_accuracy: Interval
    balanced_accuracy: Interval
    recall: Interval
    specificity: Interval
    named: Interval
    stray_per_hour: Mapping[str, Interval]
    per_label: Mapping[str, Mapping[str, Any]]
    trivial: Mapping[str, Mapping[str, Any]]
    streams: int
    hours: float
    about: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The one object that `--json` prints."""
        rates = ("trigger_accuracy", "balanced_accuracy", "recall", "specificity", "named")
        return {
            **{name: getattr(self, name).to_dict() for name in rates},
            "stray_per_hour": {kind: rate.to_dict() for kind, rate in self.stray_per_hour.items()},
            "per_label": dict(self.per_label),
            "trivial": dict(self.trivial),
            "streams": self.streams,
            "hours": round(self.hours, 4),
            **self.about,
        }


def run_trigger(
    bundle: Bundle,
    store: ClipStore,
    split: str,
    streams: int,
    seed: int,
    threshold: float | None = None,
    stray_hours: float = 0.5,
    progress: Progress = lambda what, seconds: None,
) -> TriggerReport:
    """Compose, listen, judge.

    Args:
        stray_hours: of each kind of long stream; 0 leaves them out.

    Raises:
        InputError: the folder has no such split, or nothing in it calls for a decision.
    """
    if split not in store.splits:
        raise InputError("bench.split", f"no split {split!r} in {store.folder}", f"there is: {', '.join(store.splits)}")
    store.prepare(split)

    def listener(made: Composition) -> list[SpokenReply]:
        return listen(bundle, made, threshold)

    heard: list[tuple[Timeline, list[SpokenReply]]] = []
    for i in range(streams):
        made = stream(store, split, seed, i, bench_config())
        heard.append((made.timeline, listener(made)))
        progress("streams", made.timeline.seconds)
    stray = {kind: _stray(store, split, kind, seed, stray_hours, listener, progress) for kind in STRAY_KINDS}
    about = {
        "split": split,
        "seed": seed,
        "model": bundle.name,
        "threshold": bundle.config.response_threshold if threshold is None else threshold,
        "machine": f"{platform.machine()} {platform.system()}",
        "unusable_clips": len(store.quarantined),
    }
    return report(heard, _names(store), stray, about)


def listen(bundle: Bundle, made: Composition, threshold: float | None) -> list[SpokenReply]:
    """The replies of one session over one stream; replies take no stream time here."""
    with Session(bundle, instruction=made.timeline.instruction, threshold=threshold) as session:
        return spoken([*session.feed(made.samples), *session.end()])


def spoken(events: Iterable[Event]) -> list[SpokenReply]:
    """Replies out of a session's events."""
    starts: dict[int, float] = {}
    found: list[SpokenReply] = []
    for event in events:
        if isinstance(event, ReplyStart):
            starts[event.reply] = event.at
        elif isinstance(event, ReplyEnd):
            found.append(SpokenReply(starts[event.reply], event.text))
    return found


def report(
    heard: Sequence[tuple[Timeline, list[SpokenReply]]],
    names: Names,
    stray: Mapping[str, Interval],
    about: Mapping[str, Any],
) -> TriggerReport:
    """Judge what was heard, and beside it what always silent and always respond would score."""
    results = [score_stream(timeline, replies, names) for timeline, replies in heard]
    events = [e for r in results for e in r.events]
    silent = [score_stream(t, [], names) for t, _ in heard]
    always = [score_stream(t, _at_every_chunk(t), names) for t, _ in heard]
    hours = sum(r.seconds for r in results) / 3600
    in_streams = poisson_rate(sum(len(r.stray) for r in results), hours).to_dict()
    return TriggerReport(
        **_rates(events),
        stray_per_hour=stray,
        per_label=_per_label(events),
        trivial={"always_silent": _plain(silent), "always_respond": _plain(always)},
        streams=len(results),
        hours=hours,
        about={**about, "stray_per_hour_in_streams": in_streams},
    )


def _rates(events: Sequence[EventResult]) -> dict[str, Interval]:
    """Columns: right responds, responds, right ignores, ignores, named."""
    counts = np.array(
        [[e.responds * e.right, e.responds, (not e.responds) * e.right, not e.responds, bool(e.named)] for e in events],
        dtype=np.float64,
    ).reshape(-1, 5)
    recordings = [e.recording for e in events]
    figures: dict[str, Callable[[Counts], Counts]] = {
        "trigger_accuracy": lambda c: _share(c[..., 0] + c[..., 2], c[..., 1] + c[..., 3]),
        "balanced_accuracy": lambda c: (_share(c[..., 0], c[..., 1]) + _share(c[..., 2], c[..., 3])) / 2,
        "recall": lambda c: _share(c[..., 0], c[..., 1]),
        "specificity": lambda c: _share(c[..., 2], c[..., 3]),
        "named": lambda c: _share(c[..., 4], c[..., 0]),
    }
    return {name: bootstrap(counts, recordings, figure) for name, figure in figures.items()}


def _share(part: Counts, whole: Counts) -> Counts:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(part / whole)


def _plain(results: Sequence[StreamResult]) -> dict[str, float | None]:
    rates = _rates([e for r in results for e in r.events])
    return {name: rates[name].to_dict()["value"] for name in rates if name != "named"}


def _per_label(events: Sequence[EventResult]) -> dict[str, dict[str, Any]]:
    groups: dict[str, list[EventResult]] = defaultdict(list)
    for event in events:
        groups[event.label].append(event)
    rows = {}
    for label, group in sorted(groups.items()):
        right = [e for e in group if e.right]
        named = [e.named for e in right if e.named is not None]
        rows[label] = {
            "n": len(group),
            "right": len(right),
            "rate": round(len(right) / len(group), 4),
            "decision": "respond" if group[0].responds else "ignore",
            "named": round(sum(named) / len(named), 4) if named else None,
        }
    return rows


def _at_every_chunk(timeline: Timeline) -> list[SpokenReply]:
    count = int(timeline.seconds / timeline.chunk_seconds)
    return [SpokenReply((k + 1) * timeline.chunk_seconds, "") for k in range(count)]


def _stray(
    store: ClipStore, split: str, kind: str, seed: int, hours: float, listener: Listener, progress: Progress
) -> Interval:
    """Replies an hour on long streams of one kind, in which nothing calls for a word."""
    pool = [c for c in store.clips(split=split, kind=kind) if c.proactive is not True]
    count, seconds, i = 0, 0.0, 0
    while pool and seconds < hours * 3600:
        made = long_stream(store, split, kind, seed, i, STRAY_STREAM_SECONDS)
        count += len(listener(made))
        seconds += made.timeline.seconds
        progress(kind, made.timeline.seconds)
        i += 1
    return poisson_rate(count, seconds / 3600)


def _names(store: ClipStore) -> Names:
    labels = {c.label for c in store.clips()}
    return {label: store.label(label).names for label in labels}
