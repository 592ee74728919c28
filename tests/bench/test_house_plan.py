"""The plan of an hour: what matters is spread to the last minute, apart from each other, and always the same."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from soundflow.bench.house_plan import APART_SECONDS, LAST_SECONDS, House, plan_house, render_scene
from soundflow.data.clips import ClipStore
from soundflow.errors import InputError, UsageError
from tests.data.test_clips import write_folder


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> ClipStore:
    """Two labels that call, two that do not, a room, a voice and a tune, all tones."""
    folder = tmp_path_factory.mktemp("home")
    labels = {"siren": {"proactive": True}, "alarm": {"proactive": True}, "cow": {"proactive": False}, "hen": {}}
    kinds = [("siren", "event", True), ("alarm", "event", True), ("cow", "event", False), ("hen", "event", False)]
    kinds += [("voice", "speech", False), ("tune", "music", False), ("room", "background", False)]
    rows = [
        {"id": f"{label}{i}", "path": f"{label}{i}.wav", "label": label, "kind": kind, "split": "test"}
        | {"proactive": calls, "length": 2.0 + 3 * i, "recording": f"{label}{i}"}
        for label, kind, calls in kinds
        for i in range(3)
    ]
    return ClipStore(write_folder(folder / "in", rows, labels), folder / "cache")


@pytest.fixture(scope="module")
def house(home: ClipStore) -> House:
    return plan_house(home, "test", seed=0)


def test_an_hour_holds_what_it_should(house: House) -> None:
    events = [event for plan in house.scenes for event in plan.timeline.events if event.role == "foreground"]
    assert house.seconds == 3600 and len(house.scenes) == 12
    assert sum(event.decision == "respond" for event in events) == 30
    assert sum(event.decision == "ignore" for event in events) == 48
    assert {plan.scene for plan in house.scenes} == {"room", "television", "music"}
    assert max(event.end - event.onset for event in events) <= 6


def test_the_last_minute_matters(house: House) -> None:
    last = house.scenes[-1].timeline
    newest = max((event for event in last.events if event.role == "foreground"), key=lambda event: event.onset)
    assert newest.decision == "respond" and last.seconds - LAST_SECONDS <= newest.onset <= last.seconds - 10


def test_sounds_keep_apart(house: House) -> None:
    for plan in house.scenes:
        events = sorted((e for e in plan.timeline.events if e.role == "foreground"), key=lambda e: e.onset)
        gaps = [b.onset - a.end for a, b in itertools.pairwise(events)]
        assert all(gap >= APART_SECONDS - 1e-3 for gap in gaps) and events[-1].end <= plan.timeline.seconds


def test_a_seed_is_one_hour(home: ClipStore, house: House) -> None:
    assert plan_house(home, "test", 0) == house and plan_house(home, "test", 1) != house


def test_a_scene_sounds(home: ClipStore, house: House) -> None:
    plan = house.scenes[1]
    sound = render_scene(home, "test", plan)
    assert len(sound) == 300 * 16_000 and np.abs(sound).max() <= 1
    event = next(e for e in plan.timeline.events if e.role == "foreground")
    inside = sound[round(event.onset * 16_000) + 800 : round(event.end * 16_000) - 800]
    assert 20 * np.log10(np.sqrt(np.mean(inside**2))) > -34, "an event stands above the television"


@pytest.mark.parametrize("seconds", [(310.0,), (200.0, 180.0, 240.0), (30.0,) * 5])
def test_a_programme_fills_its_scene_whatever_its_clips_last(tmp_path: Path, seconds: tuple[float, ...]) -> None:
    rows = [{"id": "s", "path": "s.wav", "label": "siren", "kind": "event", "split": "test", "proactive": True}]
    rows += [
        {"id": f"m{i}", "path": f"m{i}.wav", "label": "tune", "kind": "music", "split": "test", "length": length}
        for i, length in enumerate(seconds)
    ]
    store = ClipStore(write_folder(tmp_path / "in", rows, {}), tmp_path / "cache")
    plan = plan_house(store, "test", 0, minutes=20).scenes[3]
    music = [event for event in plan.timeline.events if event.kind == "music"]
    assert plan.scene == "music" and sum(event.end - event.onset for event in music) > 270
    assert 298 < max(event.end for event in music) <= plan.timeline.seconds
    assert np.abs(render_scene(store, "test", plan)[-20_000:]).max() > 0


def test_what_cannot_be_planned_is_told(home: ClipStore, store: ClipStore) -> None:
    with pytest.raises(UsageError):
        plan_house(home, "test", 0, minutes=1)
    with pytest.raises(InputError, match="no sound that matters"):
        plan_house(home, "nowhere", 0)
    quiet = plan_house(store, "test", 0, minutes=10)  # no speech and no music: rooms alone
    assert {plan.scene for plan in quiet.scenes} == {"room"}


def test_what_a_folder_lacks_is_left_out(tmp_path: Path) -> None:
    rows = [{"id": "s", "path": "s.wav", "label": "siren", "kind": "event", "split": "test", "proactive": True}]
    alone = ClipStore(write_folder(tmp_path / "in", rows, {}), tmp_path / "cache")
    made = plan_house(alone, "test", 0, minutes=10)
    assert all(event.decision == "respond" for plan in made.scenes for event in plan.timeline.events)
    assert not any(plan.timeline.noise for plan in made.scenes)
    assert np.abs(render_scene(alone, "test", made.scenes[0])).max() > 0


def test_the_folder_stays_as_it_is(home: ClipStore) -> None:
    assert not list(Path(home.folder).glob("*.tmp"))
