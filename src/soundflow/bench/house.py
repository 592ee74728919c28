"""`bench house`: an hour in a house. What of all that mattered was answered, how soon, and what else was said?

The stream goes through the real FIFO path on a simulated clock: sound arrives in real time, every step of the model
costs what it was measured to cost, and no hour is waited for. Tests: tests/bench/test_house.py.
"""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from soundflow.audio.pcm import SAMPLE_RATE
from soundflow.bench.baselines.rows import gates
from soundflow.bench.bootstrap import clustered_rate
from soundflow.bench.hearing import spoken
from soundflow.bench.house_plan import LAST_SECONDS, House, Samples, ScenePlan
from soundflow.bench.machine import resident_mb
from soundflow.bench.scoring import (
    QUIET_SECONDS,
    TOLERANCE,
    EventResult,
    Names,
    SpokenReply,
    charge_responses,
    score_stream,
)
from soundflow.bench.trigger import rates
from soundflow.data.timeline import StreamEvent, Timeline
from soundflow.model.bundle import Bundle
from soundflow.stream.clock import CostTable, SimulatedClock
from soundflow.stream.events import Error, Event, ReplyEnd, ReplyStart
from soundflow.stream.session import Session

SOURCES = ("benign sounds", "again", "television", "music", "room")
RATES = ("recall", "specificity", "balanced_accuracy", "named")
_FEED_SECONDS = 0.4  # of sound at a time
SceneHeard = Callable[[float], None]  # seconds of sound


@dataclass(frozen=True)
class HouseHeard:
    """What one session said through the hour, the MiB held after each scene, and chunks that were dropped."""

    replies: tuple[SpokenReply, ...]
    resident_mb: tuple[float, ...] = ()
    queue_errors: int = 0


def hear_house(
    bundle: Bundle,
    sounds: Iterable[Samples],
    costs: CostTable,
    threshold: float | None = None,
    progress: SceneHeard = lambda seconds: None,
) -> HouseHeard:
    """One session through every scene.

    Args:
        sounds: of the scenes, float32 [n] each, made one at a time.
        costs: what the model's steps take.
    """
    events: list[Event] = []
    memory: list[float] = []
    with Session(bundle, None, threshold, SimulatedClock(costs)) as session:
        for sound in sounds:
            size = round(_FEED_SECONDS * SAMPLE_RATE)
            for start in range(0, len(sound), size):
                events += _kept(session.feed(sound[start : start + size]))
            memory.append(resident_mb())
            progress(len(sound) / SAMPLE_RATE)
        events += _kept(session.end())
    lost = sum(isinstance(event, Error) for event in events)
    return HouseHeard(tuple(spoken(events)), tuple(memory), lost)


def gates_through(sounds: Iterable[Samples]) -> dict[str, list[SpokenReply]]:
    """What the gates say scene by scene, with the time of the whole stream."""
    found: dict[str, list[SpokenReply]] = defaultdict(list)
    begun = 0.0
    for sound in sounds:
        for gate in gates():
            said = gate.hear(sound, None)
            found[gate.name] += [dataclasses.replace(reply, at=reply.at + begun) for reply in said]
        begun += len(sound) / SAMPLE_RATE
    return dict(found)


def foreground(house: House) -> Timeline:
    """The sounds that are judged, on the time of the whole stream; the programme behind them is left out."""
    events: list[StreamEvent] = []
    for begun, plan in _placed(house):
        for e in plan.timeline.events:
            if e.role == "foreground":
                events.append(dataclasses.replace(e, onset=e.onset + begun, end=e.end + begun, cue=e.cue + begun))
    return Timeline(house.seconds, house.scenes[0].timeline.chunk_seconds, None, "proactive", tuple(events))


def judge(house: House, replies: Sequence[SpokenReply], names: Names) -> dict[str, Any]:
    """Hits, delays and false replies of one system.

    Returns:
        Rates over events with 95 % bounds by recording; `seconds_to_first_word` of the hits, from a sound's onset;
        `false_per_hour` by what sounded: a benign sound, the same sound answered again, else the scene.
    """
    timeline = foreground(house)
    result = score_stream(timeline, replies, names)
    answers = charge_responses(timeline.events, replies)
    matter = [e for e in timeline.events if e.decision == "respond"]
    last = [e for e in matter if e.onset >= house.seconds - LAST_SECONDS]
    hit = {timeline.events[i] for i in answers}
    found = rates(result.events)
    return {
        **{name: found[name].to_dict() for name in RATES},
        "hits": len(answers),
        "events_that_matter": len(matter),
        "hits_in_last_minute": sum(event in hit for event in last),
        "events_in_last_minute": len(last),
        "seconds_to_first_word": _delays(timeline, replies, answers),
        "false_per_hour": _false(house, timeline, replies, answers),
    }


def _delays(timeline: Timeline, replies: Sequence[SpokenReply], answers: dict[int, int]) -> dict[str, float | None]:
    """From onset to first word; where nobody knows when the word came, to the end of the sound heard before it."""
    delays = [
        replies[k].at + (replies[k].first_text_after or 0.0) - timeline.events[i].onset for i, k in answers.items()
    ]
    if not delays:
        return {"median": None, "p90": None, "most": None}
    median, p90 = np.percentile(delays, [50, 90])
    return {"median": round(float(median), 3), "p90": round(float(p90), 3), "most": round(max(delays), 3)}


def _false(
    house: House, timeline: Timeline, replies: Sequence[SpokenReply], answers: dict[int, int]
) -> dict[str, dict[str, Any]]:
    """Every reply that answered nothing, by what sounded; the rate is over the time in which that sounded.

    False replies come in runs, several to a scene: the bounds draw whole scenes.
    """
    right = set(answers.values())
    counts = Counter(_sounding(house, timeline, r.at) for k, r in enumerate(replies) if k not in right)
    hours = _hours(house, timeline)
    in_scene = [sum(counts[source, scene] for source in SOURCES) for scene in range(len(house.scenes))]
    found = {"all": _rate(in_scene, [plan.timeline.seconds / 3600 for plan in house.scenes])}
    for source in SOURCES:
        scenes = [scene for name, scene in hours if name == source]
        found[source] = _rate([counts[source, scene] for scene in scenes], [hours[source, scene] for scene in scenes])
    return found


def _rate(replies: Sequence[int], hours: Sequence[float]) -> dict[str, Any]:
    """Replies an hour, from those of each scene."""
    return {"replies": sum(replies), "hours": round(sum(hours), 4), **clustered_rate(replies, hours).to_dict()}


def _sounding(house: House, timeline: Timeline, at: float) -> tuple[str, int]:
    """What sounded at a time, and the number of the scene that it belongs to."""
    for event in timeline.events:
        if event.onset - TOLERANCE <= at <= _window_end(event) + TOLERANCE:
            return _source(event), _scene_at(house, event.onset)
    scene = _scene_at(house, at - TOLERANCE)
    return house.scenes[scene].scene, scene


def _hours(house: House, timeline: Timeline) -> dict[tuple[str, int], float]:
    """How long each source sounded, by scene."""
    hours: dict[tuple[str, int], float] = defaultdict(float)
    for scene, plan in enumerate(house.scenes):
        hours[plan.scene, scene] += plan.timeline.seconds / 3600
    for event in timeline.events:
        hours[_source(event), _scene_at(house, event.onset)] += (_window_end(event) - event.onset) / 3600
    return hours


def _source(event: StreamEvent) -> str:
    return "benign sounds" if event.decision == "ignore" else "again"


def _scene_at(house: House, at: float) -> int:
    """The scene that sounds at a time; the last one after its end."""
    ends = np.cumsum([plan.timeline.seconds for plan in house.scenes])
    return min(int(np.searchsorted(ends, at)), len(ends) - 1)


def _window_end(event: StreamEvent) -> float:
    return event.end + QUIET_SECONDS


def _placed(house: House) -> Iterable[tuple[float, ScenePlan]]:
    begun = 0.0
    for plan in house.scenes:
        yield begun, plan
        begun += plan.timeline.seconds


def _kept(events: Sequence[Event]) -> list[Event]:
    return [event for event in events if isinstance(event, ReplyStart | ReplyEnd | Error)]


def outcomes(house: House, replies: Sequence[SpokenReply], names: Names) -> list[dict[str, Any]]:
    """One row an event, for `bench compare`."""
    results: Sequence[EventResult] = score_stream(foreground(house), replies, names).events
    return [
        {
            "id": f"{place}.{event.label}",
            "recording": event.recording,
            "due": "respond" if event.responds else "ignore",
            "right": event.right,
        }
        for place, event in enumerate(results)
    ]
