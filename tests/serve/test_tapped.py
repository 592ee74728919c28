"""A stream that is listened in on behaves as the one behind it."""

from __future__ import annotations

import numpy as np

from soundflow.serve.tapped import Tapped, tapping
from soundflow.stream.events import Event
from tests.serve.fakes import FakeStream, decision


def test_each_event_is_heard_once_and_handed_on() -> None:
    heard: list[Event] = []
    behind = FakeStream()
    stream = Tapped(behind, heard.append)
    behind.said = [decision(0), decision(1)]
    assert stream.take() == heard == [decision(0), decision(1)]
    assert stream.take() == [] and len(heard) == 2


def test_a_listener_that_breaks_harms_nobody() -> None:
    def hear(event: Event) -> None:
        raise KeyError("oh")

    behind = FakeStream()
    behind.said = [decision(0), decision(1)]
    assert Tapped(behind, hear).take() == [decision(0), decision(1)]


def test_every_call_is_passed_on() -> None:
    behind = FakeStream()
    stream = Tapped(behind, print)
    stream.feed(np.zeros(5, np.float32))
    stream.set_threshold(0.4)
    stream.set_instruction("Cats.")
    stream.truncate(1, 2)
    stream.cancel()
    stream.end()
    stream.close()
    assert behind.samples == 5 and behind.thresholds[-1] == 0.4 and behind.instruction == "Cats."
    assert behind.truncated == [(1, 2)] and behind.calls == ["cancel", "end", "close"]


def test_streams_are_told_apart() -> None:
    names: list[str] = []

    def listener(name: str) -> object:
        names.append(name)
        return lambda event: None

    opened = tapping(lambda instruction, threshold, wake: FakeStream(instruction, threshold), listener)  # type: ignore[arg-type]
    opened(None, None, print)
    opened("Dogs.", 0.2, print)
    assert names == ["session 1", "session 2"]
