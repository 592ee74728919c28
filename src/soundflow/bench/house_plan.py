"""An hour in a house, composed from recordings nobody trained on: what sounds when, as timelines of five minutes.

A television talks, music plays, a room hums; over them come sounds that call for nothing and some thirty that matter,
one of them in the last minute. Planning knows nothing of models. Tests: tests/bench/test_house_plan.py.
"""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from soundflow.data.clips import Clip, ClipStore
from soundflow.data.compose import ComposeConfig
from soundflow.data.mixing import level_of
from soundflow.data.render import render
from soundflow.data.streams import cut
from soundflow.data.timeline import SAMPLE_RATE, Decision, NoiseTrack, Reply, StreamEvent, Timeline, cue_of
from soundflow.errors import InputError, UsageError

Samples = NDArray[np.float32]
Scene = Literal["room", "television", "music"]

SCENE_SECONDS = 300.0
# Twelve scenes an hour: 25 minutes of television, 15 of music, 20 of a quiet room. The order is chosen.
SCENES: tuple[Scene, ...] = (
    "room",
    "television",
    "room",
    "music",
    "television",
    "room",
    "television",
    "music",
    "room",
    "television",
    "music",
    "television",
)
MATTER_PER_HOUR = 30
BENIGN_PER_HOUR = 48
LAST_SECONDS = 60.0  # in which one sound that matters stands
LONGEST_SECONDS = 6.0  # of a sound; longer clips are cut around their loudest stretch
APART_SECONDS = 4.0  # between a sound's end and the next one's onset, so that a late reply meets the right one
EDGE_SECONDS = 4.0  # of a scene without sounds, at both ends
# Levels in dBFS of what sounds, chosen: a room of -52, a television across it, an event as loud as in training.
EVENT_DBFS, EVENT_JITTER_DB = -26.0, 4.0
SCENE_DBFS: dict[Scene, float] = {"television": -36.0, "music": -36.0, "room": -52.0}
ROOM_DBFS = -52.0
SHORTEST_PROGRAMME_SECONDS = 1.0  # of a clip of the television or the music, where there are such; of a cut one too
_PAUSE_SECONDS = (0.3, 1.5)  # between clips of the television or the music
_KIND: dict[Scene, str] = {"television": "speech", "music": "music"}


@dataclass(frozen=True)
class ScenePlan:
    """Five minutes: which scene, and what sounds in it."""

    scene: Scene
    timeline: Timeline


@dataclass(frozen=True)
class House:
    """The whole stream as scenes behind each other."""

    scenes: tuple[ScenePlan, ...]

    @property
    def seconds(self) -> float:
        """Of stream."""
        return sum(plan.timeline.seconds for plan in self.scenes)


def plan_house(store: ClipStore, split: str, seed: int, minutes: float = 60.0) -> House:
    """Plan a stream; the same for a split and a seed, whoever plans it.

    Args:
        minutes: of stream, in whole scenes of five minutes.

    Raises:
        UsageError: no scene.
        InputError: the split has no sound that matters; what else it lacks is left out.
    """
    count = round(minutes * 60 / SCENE_SECONDS)
    if count < 1 or seed < 0:
        raise UsageError("house.minutes", f"{minutes:g} minutes with seed {seed}", "5 minutes or more, a seed from 0")
    store.prepare(split)
    events = store.clips(split=split, kind="event")
    matter = _by_turns([c for c in events if c.proactive is True], _rng(seed, "matter"))
    benign = _by_turns([c for c in events if c.proactive is False], _rng(seed, "benign"))
    if not matter:
        message = f"split {split!r} of {store.folder} has no sound that matters"
        raise InputError("house.clips", message, f"splits there: {', '.join(store.splits)}")
    matters = _spread(round(MATTER_PER_HOUR * count / len(SCENES)), count)
    benigns = _spread(round(BENIGN_PER_HOUR * count / len(SCENES)) if benign else 0, count)
    scenes, taken = [], (0, 0)
    for index in range(count):
        ends = taken[0] + matters[index], taken[1] + benigns[index]
        cast = [matter[i % len(matter)] for i in range(taken[0], ends[0])]
        extras = [benign[i % len(benign)] for i in range(taken[1], ends[1])]
        scene = _playable(SCENES[index % len(SCENES)], store, split)
        scenes.append(_scene(store, split, seed, index, scene, cast, extras, is_last=index == count - 1))
        taken = ends
    return House(tuple(scenes))


def render_scene(store: ClipStore, split: str, plan: ScenePlan) -> Samples:
    """The sound of one scene, float32 [n], 16 kHz, within -1..1."""
    clips = {clip.id: clip for clip in store.clips(split=split)}
    made = render(plan.timeline, lambda name: _dry(store, clips[name]), lambda name: store.audio(clips[name]))
    return np.clip(made, -1.0, 1.0)


def _scene(
    store: ClipStore,
    split: str,
    seed: int,
    index: int,
    scene: Scene,
    matter: Sequence[Clip],
    benign: Sequence[Clip],
    is_last: bool,
) -> ScenePlan:
    rng = _rng(seed, f"scene {index}")
    cast = [(clip, "respond") for clip in matter] + [(clip, "ignore") for clip in benign]
    order = rng.permutation(len(cast))
    if is_last and matter:  # one that matters goes last, and into the last minute
        order = np.array([*(i for i in order if i != 0), 0])
    rows = [_sound(store, *cast[int(i)], rng) for i in order]  # type: ignore[arg-type]
    onsets = _onsets([end - onset for onset, end in ((row.onset, row.end) for row in rows)], rng)
    if is_last and rows:
        onsets[-1] = max(onsets[-1], SCENE_SECONDS - float(rng.uniform(EDGE_SECONDS + LONGEST_SECONDS, LAST_SECONDS)))
    events = [_moved(row, onset) for row, onset in zip(rows, onsets, strict=True)]
    events += _programme(store, split, scene, rng)
    noise = _room(store, split, rng)
    ordered = tuple(sorted(events, key=lambda event: event.onset))
    return ScenePlan(scene, Timeline(SCENE_SECONDS, ComposeConfig().chunk_seconds, None, "proactive", ordered, noise))


def _onsets(lengths: Sequence[float], rng: np.random.Generator) -> list[float]:
    """Where sounds begin: in order, apart from each other, the room left over drawn between them."""
    needed = sum(lengths) + APART_SECONDS * max(0, len(lengths) - 1) + 2 * EDGE_SECONDS
    cuts = np.sort(rng.uniform(0, SCENE_SECONDS - needed, size=len(lengths)))
    onsets, used = [], EDGE_SECONDS
    for length, free in zip(lengths, cuts, strict=True):
        onsets.append(_on_sample(used + float(free)))
        used += length + APART_SECONDS
    return onsets


def _sound(store: ClipStore, clip: Clip, decision: Decision, rng: np.random.Generator) -> StreamEvent:
    """An event of the right length and level, still at the stream's start."""
    whole = _dry(store, clip)
    samples, start = cut(whole, round(LONGEST_SECONDS * SAMPLE_RATE), rng)
    gain = EVENT_DBFS + float(rng.uniform(-EVENT_JITTER_DB, EVENT_JITTER_DB)) - level_of(samples)
    end = len(samples) / SAMPLE_RATE
    reply = Reply("") if decision == "respond" else None
    return _row(clip, 0.0, end, decision, gain, start / SAMPLE_RATE, reply, early=True)


def _programme(store: ClipStore, split: str, scene: Scene, rng: np.random.Generator) -> list[StreamEvent]:
    """The television's speech or the music, clip after clip through the whole scene; nothing in a quiet room.

    The last clip is cut where the scene ends: a programme that ended with its last whole clip would leave minutes
    of it, or all, silent, and false replies would be counted over hours of television that nobody heard.
    """
    if scene == "room":
        return []
    pool = _programme_clips(store, split, scene)
    found: list[StreamEvent] = []
    at = float(rng.uniform(*_PAUSE_SECONDS))
    while True:
        clip = pool[int(rng.integers(len(pool)))]
        samples = _dry(store, clip)
        end = at + len(samples) / SAMPLE_RATE
        is_last = end > SCENE_SECONDS
        if is_last and SCENE_SECONDS - at < SHORTEST_PROGRAMME_SECONDS:
            return found
        gain, until = SCENE_DBFS[scene] - level_of(samples), min(end, SCENE_SECONDS)
        found.append(_row(clip, _on_sample(at), _on_sample(until), "ignore", gain, 0.0, None, early=False))
        if is_last:
            return found
        at = end + float(rng.uniform(*_PAUSE_SECONDS))


def _room(store: ClipStore, split: str, rng: np.random.Generator) -> tuple[NoiseTrack, ...]:
    pool = store.clips(split=split, kind="background")
    if not pool:
        return ()
    clip = pool[int(rng.integers(len(pool)))]
    gain = ROOM_DBFS - level_of(store.audio(clip))
    snr = EVENT_DBFS - ROOM_DBFS
    return (NoiseTrack(clip.label, clip.id, clip.recording, clip.licence, clip.source, "ambient", snr, gain, 0.0),)


def _row(
    clip: Clip,
    onset: float,
    end: float,
    decision: Decision,
    gain_db: float,
    offset: float,
    reply: Reply | None,
    early: bool,
) -> StreamEvent:
    return StreamEvent(
        onset=onset,
        end=end,
        cue=cue_of(onset, end, early),
        label=clip.label,
        kind=clip.kind,
        role="foreground" if clip.kind == "event" else "background",
        decision=decision,
        reply=reply,
        clip=clip.id,
        recording=clip.recording,
        licence=clip.licence,
        source=clip.source,
        gain_db=gain_db,
        clip_offset=offset,
        synthetic=clip.synthetic,
    )


def _moved(event: StreamEvent, onset: float) -> StreamEvent:
    end = onset + event.end - event.onset
    return dataclasses.replace(event, onset=onset, end=end, cue=cue_of(onset, end, early=True))


def _by_turns(clips: Sequence[Clip], rng: np.random.Generator) -> list[Clip]:
    """Clips in a drawn order in which every label has had its turn before one comes again."""
    groups: dict[str, list[Clip]] = {}
    for i in rng.permutation(len(clips)):
        groups.setdefault(clips[int(i)].label, []).append(clips[int(i)])
    rounds = max((len(group) for group in groups.values()), default=0)
    return [group[turn] for turn in range(rounds) for group in groups.values() if turn < len(group)]


def _spread(count: int, scenes: int) -> list[int]:
    """`count` in as equal shares as can be, the larger ones last."""
    return [count * (i + 1) // scenes - count * i // scenes for i in range(scenes)]


def _playable(scene: Scene, store: ClipStore, split: str) -> Scene:
    return scene if scene == "room" or _programme_clips(store, split, scene) else "room"


def _programme_clips(store: ClipStore, split: str, scene: Scene) -> tuple[Clip, ...]:
    """Real recordings of more than a word, where the split has such."""
    fitting = [c for c in store.clips(split=split, kind=_KIND[scene]) if c.proactive is not True]
    good = [c for c in fitting if not c.synthetic and store.seconds(c) >= SHORTEST_PROGRAMME_SECONDS]
    return tuple(good or fitting)


def _dry(store: ClipStore, clip: Clip) -> Samples:
    """A clip as it stands in a stream: after TFJP."""
    return store.tfjp_audio(clip)


def _on_sample(seconds: float) -> float:
    return round(seconds * SAMPLE_RATE) / SAMPLE_RATE


def _rng(seed: int, purpose: str) -> np.random.Generator:
    return np.random.default_rng([seed, zlib.crc32(f"house {purpose}".encode())])
