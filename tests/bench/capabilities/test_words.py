"""Words as they are scored: normal form, key words, and what a sound may be called."""

from __future__ import annotations

import pytest

from soundflow.bench.capabilities.words import (
    holds_key_words,
    key_words,
    same_words,
    says_sound,
    spoken_of,
    tokens,
)
from soundflow.data.tasks.phrases import known_phrases


def test_one_form_for_both_languages() -> None:
    assert tokens("Nine CATS; 你好，世界!") == ("9", "cats", "你", "好", "世", "界")
    assert same_words("what's it?", "What is it") and not same_words("", "")


def test_key_words_are_what_is_left_of_templates_and_function_words() -> None:
    assert key_words("Coming up: large light roast americano.") == {"large", "light", "roast", "americano"}
    assert key_words("One moment, small latte with soy milk for you.") == {"small", "latte", "soy", "milk"}


@pytest.mark.parametrize(
    ("reference", "reply", "holds"),
    [
        ("Sure, small latte with soy milk.", "One moment, small latte with soy milk for you.", True),
        ("Sure, small latte with soy milk.", "Sure, small latte.", False),
        ("The Pacific Ocean.", "It is the Pacific Ocean.", True),
        ("Three.", "3", True),
        ("北京。", "是北京", True),
        ("北京。", "京北", False),
        ("I am here.", "Yes, I am here with you.", False),  # only function words: nothing but itself will do
        ("I am here.", "i am here", True),
        ("Eight.", "", False),
    ],
)
def test_a_reply_holds_a_reference(reference: str, reply: str, holds: bool) -> None:
    assert holds_key_words(reference, reply) is holds


def test_a_sound_is_named_by_its_words_or_by_a_packaged_opening() -> None:
    assert says_sound("dog_bark", "A dog is barking.") and says_sound("dog_bark", "Dog bark number two.")
    assert says_sound("car_crash", "That was a collision. Call for help.")
    assert not says_sound("car_crash", "That was a cow.")
    assert says_sound("flux_capacitor", "I hear a flux capacitor.")


@pytest.mark.parametrize("label", sorted(known_phrases()))
def test_every_packaged_reply_names_its_sound(label: str) -> None:
    known = known_phrases()[label]
    assert all(says_sound(label, text) for text in (*known.replies, f"{known.clause}.", f"It was {known.noun}."))


def test_the_longest_noun_is_taken_first() -> None:
    assert spoken_of("The first sound was a train horn.", ("train", "train_horn")) == ("train_horn",)
    described = "I heard a clock ticking, then an alarm clock, then a siren."
    found = spoken_of(described, ("clock_tick", "clock_alarm", "siren", "cow"))
    assert set(found) == {"clock_tick", "clock_alarm", "siren"}
