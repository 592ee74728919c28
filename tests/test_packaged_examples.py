"""The recordings that ship: small, attributed second by second, free, and understood by the packaged model."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import pytest
import soundfile

from soundflow import End, ReplyEnd, ReplyStart, listen, load
from soundflow.api import Model, example_path, examples
from soundflow.data.timeline import StreamEvent, Timeline

FOLDER = Path(str(files("soundflow"))) / "examples"
NAMES = examples()
BYTES = 200_000  # most of one recording
REPLY_WINDOW = 1.6  # seconds after the cue in which a reply is right (ruling 11)
IGNORE_WINDOW = 0.8  # seconds after the end in which a reply is charged to a sound to be ignored (ruling 11)


def timeline(name: str) -> Timeline:
    """What is in a recording."""
    return Timeline.from_json((FOLDER / f"{name}.timeline.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def nano() -> Model:
    """The packaged model."""
    return load("nano")


def test_there_are_three_or_four_and_kitchen_is_one() -> None:
    assert 3 <= len(NAMES) <= 4 and "kitchen" in NAMES


@pytest.mark.parametrize("name", NAMES)
def test_each_is_small_and_plain(name: str) -> None:
    path = example_path(name)
    assert path is not None and path.stat().st_size < BYTES
    sound = soundfile.info(str(path))
    assert (sound.samplerate, sound.channels) == (16_000, 1)
    assert 15 <= sound.duration <= 25 and sound.duration == pytest.approx(timeline(name).seconds, abs=0.01)


@pytest.mark.parametrize("name", NAMES)
def test_each_holds_free_sounds_only_and_names_them_all(name: str) -> None:
    text = (FOLDER / "ATTRIBUTION.md").read_text(encoding="utf-8")
    section = text.split(f"## {name}.ogg")[1].split("\n## ")[0]
    for event in timeline(name).events:
        assert event.source.startswith("Debian package ") or event.synthetic
        assert not event.licence.startswith("unknown") and "NC" not in event.licence and "ND" not in event.licence
        row = next(r for r in section.splitlines() if r.startswith(f"| {event.onset:.2f} |"))
        assert event.clip in row and event.licence in row


@pytest.mark.parametrize("name", NAMES)
def test_nano_speaks_at_the_right_sounds_and_only_there(nano: Model, name: str) -> None:
    events = list(listen(name, model=nano))
    starts = [e.at for e in events if isinstance(e, ReplyStart)]
    for wanted in timeline(name).events:
        if wanted.decision == "respond" and not _is_repeat(wanted, timeline(name)):
            assert any(wanted.onset <= at <= wanted.cue + REPLY_WINDOW for at in starts), wanted.label
        if wanted.decision == "ignore":
            charged = [at for at in starts if wanted.onset <= at <= wanted.end + IGNORE_WINDOW]
            assert not charged or _is_answered_elsewhere(charged, timeline(name)), wanted.label
    assert isinstance(events[-1], End)


def test_nano_names_the_danger_in_the_kitchen(nano: Model) -> None:
    replies = [e for e in listen("kitchen", model=nano) if isinstance(e, ReplyEnd)]
    words = {word for e in timeline("kitchen").events if e.decision == "respond" for word in e.label.split("_")}
    assert replies and any(words & set(e.text.lower().replace(".", " ").split()) for e in replies)


@pytest.mark.parametrize("name", NAMES)
def test_events_and_json_agree(nano: Model, name: str) -> None:
    """The figures of time differ from run to run; what was decided does not."""
    runs = [[json.loads(e.to_json()) for e in listen(name, model=nano)] for _ in range(2)]
    decided = [[(e["type"], e.get("decision"), e.get("p_response"), e.get("text")) for e in run] for run in runs]
    assert decided[0] == decided[1]


def _is_repeat(event: StreamEvent, of: Timeline) -> bool:
    """The same sound again within the window of one before it: one reply is enough for both."""
    earlier = (e for e in of.events if e.label == event.label and e.onset < event.onset)
    return any(event.onset - e.onset <= REPLY_WINDOW for e in earlier)


def _is_answered_elsewhere(starts: list[float], of: Timeline) -> bool:
    """Each of these replies belongs to a sound that wants one (ruling 11: those are charged first)."""
    wanted = [e for e in of.events if e.decision == "respond"]
    return all(any(e.onset <= at <= e.cue + REPLY_WINDOW for e in wanted) for at in starts)
