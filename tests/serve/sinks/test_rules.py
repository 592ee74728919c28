"""Cool-down by stream time, quiet hours by the time of day."""

from __future__ import annotations

from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundflow.errors import UsageError
from soundflow.serve.sinks.rules import Gate, QuietHours, Rules, read_quiet_hours
from tests.serve.sinks.fakes import alert

NOON, NIGHT = time(12), time(23, 30)


def test_a_sound_is_told_once_in_a_cool_down_and_another_one_at_once() -> None:
    gate = Gate(Rules(cool_down_seconds=60))
    dog, baby = "I hear a dog barking.", "A baby is crying."
    assert gate.judge(alert(0, dog), NOON) == "told"
    assert gate.judge(alert(30, dog), NOON) == "cool_down"
    assert gate.judge(alert(31, baby), NOON) == "told"
    assert gate.judge(alert(59, dog), NOON) == "cool_down"
    assert gate.judge(alert(60, dog), NOON) == "told", "what was not told starts no cool-down"


def test_without_a_cool_down_everything_is_told() -> None:
    gate = Gate(Rules(cool_down_seconds=0))
    assert [gate.judge(alert(0), NOON) for _ in range(3)] == ["told"] * 3


@given(st.lists(st.tuples(st.floats(0, 500), st.sampled_from(["dog", "cat", "siren"])), max_size=40))
def test_two_told_alerts_of_a_sound_are_a_cool_down_apart_and_none_is_lost(events: list[tuple[float, str]]) -> None:
    gate = Gate(Rules(cool_down_seconds=50))
    last: dict[str, float] = {}
    for at, sound in sorted(events):
        told = gate.judge(alert(round(at), sound), NOON) == "told"
        moment = round(at)
        assert told == (sound not in last or moment - last[sound] >= 50)
        if told:
            last[sound] = moment


def test_at_night_only_what_is_urgent() -> None:
    gate = Gate(Rules(quiet=read_quiet_hours("22:00-07:00")))
    assert gate.judge(alert(0, "A doorbell rings.", "normal"), NIGHT) == "quiet"
    assert gate.judge(alert(1, "I hear a fire alarm.", "urgent"), NIGHT) == "told"
    assert gate.judge(alert(2, "A doorbell rings.", "normal"), NOON) == "told", "quiet starts no cool-down"


@given(st.times(), st.times(), st.times())
def test_quiet_hours_are_one_piece_of_the_day_and_its_complement_the_other(a: time, b: time, now: time) -> None:
    if a != b:
        assert QuietHours(a, b).holds(now) != QuietHours(b, a).holds(now)


def test_quiet_hours_hold_from_their_start_to_before_their_end() -> None:
    hours = read_quiet_hours(" 22:00 - 7:00 ")
    held = [time(22), time(23, 59), time(0), time(6, 59)]
    assert all(hours.holds(now) for now in held)
    assert not hours.holds(time(7)) and not hours.holds(time(21, 59))


@pytest.mark.parametrize("text", ["", "22-7", "22:00-25:00", "22:61-07:00", "22:00", "22:00-22:00", "night"])
def test_hours_that_are_none(text: str) -> None:
    with pytest.raises(UsageError, match=r"hours|no time"):
        read_quiet_hours(text)


@pytest.mark.parametrize("seconds", [-1, float("nan")])
def test_a_cool_down_that_is_none(seconds: float) -> None:
    with pytest.raises(UsageError, match="cool-down"):
        Rules(cool_down_seconds=seconds)
