"""Whether a reply names a sound: words, endings, sentences."""

from __future__ import annotations

import pytest

from soundflow.bench.naming import names_sound


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("That is a siren. Stop.", ["Siren"]),
        ("Sirens are close.", ["siren"]),
        ("Glass broke nearby.", ["Breaking glass"]),
        ("I heard shattering glass.", ["glass shattering"]),
        ("The baby is crying.", ["Crying baby"]),
        ("A smoke alarm!", ["Smoke or fire alarm"]),
        ("The fire alarm rang.", ["Smoke or fire alarm"]),
        ("Water is dripping.", ["Water drops", "dripping water"]),
        ("That is a car's horn.", ["Car horn (honking)"]),
    ],
)
def test_said_in_other_forms(text: str, names: list[str]) -> None:
    assert names_sound(text, names)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ["siren"]),
        ("I hear a cow.", ["siren"]),
        ("Mind the glass. Something broke.", ["breaking glass"]),
        ("An alarm!", ["Smoke or fire alarm"]),
        ("Singing.", ["ring"]),
    ],
)
def test_not_said(text: str, names: list[str]) -> None:
    assert not names_sound(text, names)


def test_a_name_of_idle_words_is_never_said() -> None:
    assert not names_sound("The a of.", ["the", "(quiet)"])


def test_a_second_side_that_stands_in_brackets_is_none() -> None:
    assert names_sound("That is a bell.", ["Bell or (chime)"]) and not names_sound("A chime.", ["Bell or (chime)"])
