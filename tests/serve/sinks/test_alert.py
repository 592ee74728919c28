"""What an alert holds, and when two replies speak of one sound."""

from __future__ import annotations

import dataclasses
import json
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundflow.errors import InputError
from soundflow.serve.sinks.alert import Alert, is_same_sound, read_alert, sound_of
from tests.serve.sinks.fakes import alert


def test_an_alert_holds_text_and_time_and_no_sound() -> None:
    assert set(json.loads(alert().to_json())) == {"type", "id", "time", "source", "at", "emotion", "text"}


@given(text=st.text(max_size=80), emotion=st.none() | st.text(max_size=9), at=st.floats(0, 1e9))
def test_json_and_back(text: str, emotion: str | None, at: float) -> None:
    given_one = Alert("id", "2026-11-21T14:10:00+00:00", "mic", at, emotion, text)
    assert read_alert(given_one.to_json()) == given_one
    assert "\n" not in given_one.to_json()


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"type": "alert", "id": 3, "other": 1}'])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_alert(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("I hear glass breaking. Put on shoes.", "There is glass breaking. Keep children away."),
        ("A bicycle bell is ringing. Look behind you.", "I hear a bicycle bell. Keep to the side."),
        ("I hear a siren. Make way.", "A siren is close. Stay inside."),
        ("A dog barks twice.", "I hear a dog barking."),
        ("狗在叫。", "狗在叫。小心。"),
        ("", ""),
    ],
)
def test_the_same_sound_in_other_words(one: str, other: str) -> None:
    assert is_same_sound(sound_of(one), sound_of(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("I hear a car horn. Look out.", "I hear a car alarm. Check your car."),
        ("I hear a dog barking.", "I hear a baby crying."),
        ("I hear thunder. Go inside.", "I hear glass. Go inside."),
    ],
)
def test_another_sound_in_the_same_words(one: str, other: str) -> None:
    assert not is_same_sound(sound_of(one), sound_of(other))


def test_what_nano_says_of_different_sounds_is_seldom_taken_for_one() -> None:
    lines = json.loads(files("soundflow.data.tasks").joinpath("replies.json").read_text(encoding="utf-8"))
    said = {label: [sound_of(text) for text in entry["replies"]] for label, entry in lines.items() if entry["replies"]}
    pairs = [(a, b) for i in said.values() for n, a in enumerate(i) for b in i[:n]]
    again = sum(is_same_sound(a, b) for a, b in pairs) / len(pairs)
    others = [(a, b) for i in said for j in said if i < j for a in said[i] for b in said[j]]
    mixed = sum(is_same_sound(a, b) for a, b in others) / len(others)
    assert again > 0.5 and mixed < 0.001


def test_an_alert_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        alert().text = "other"  # type: ignore[misc]
