"""One rule a sub-task: what counts as right, and what does not."""

from __future__ import annotations

import pytest

from soundflow.bench.capabilities.items import MIXED_IN_ALARM, MIXED_IN_REVIEW
from soundflow.bench.capabilities.rules import RULES, verdict
from soundflow.data.tasks.registry import SUB_TASKS
from tests.bench.capabilities.streams import item

LATTE = '{"name": "order_drink", "arguments": {"drink": "latte", "size": "large"}}'


def test_every_sub_task_has_a_rule() -> None:
    assert set(RULES) == {*SUB_TASKS, MIXED_IN_ALARM, MIXED_IN_REVIEW}


@pytest.mark.parametrize("sub_task", sorted(RULES))
def test_saying_nothing_is_never_right(sub_task: str) -> None:
    assert not verdict(item(sub_task, "I hear a siren."), "").right


@pytest.mark.parametrize(
    ("sub_task", "label", "reference", "right", "wrong"),
    [
        ("asr_read_speech_en", "speech_digit", "nine", "9.", "five"),
        ("asr_mandarin", "speech_word_zh", "节奏", "节奏。", "节"),
        ("s2tt_en_zh", "speech_digit", "七", "七。", "九"),
        ("simultaneous_zh_en", "speech_word_zh", "again and again", "Again and again.", "again"),
        ("multi_turn_dialogue", "speech_coffee_order", "Sure, large latte.", "Coming up: large latte.", "Sure, latte."),
        ("factual_spoken_qa", "speech_digit", "Eight.", "It is eight.", "Nine."),
        ("emotional_chat", "clapping", "Bravo! What are we celebrating?", "Applause! That came unexpectedly.", "Moo."),
        ("audio_grounded_chat", "speech_wake_word", "That was a cow.", "I heard a cow mooing just now.", "A siren."),
        ("history_review", "speech_wake_word", "The first sound was a siren.", "A siren came first.", "A cow."),
        ("audio_qa_open", "siren", "Yes, that is a siren.", "A siren.", "Yes."),
        ("audio_qa_choice", "siren", "B) a siren.", "b)", "A siren."),
        ("event_narration", "siren", "A siren is sounding.", "I hear a siren.", "Something is sounding."),
        ("event_counting", "dog_bark", "Dog bark number one.", "That is 1.", "Dog bark number two."),
        ("event_counting", "dog_bark", "Dog bark number twelve.", "Twelve.", "One, two, twelve."),
        ("speech_emotion_recognition", "sighing", "It sounds tired or let down.", "Let down.", "It sounds happy."),
        ("music_qa_open", "music", "I hear music.", "Music is playing now.", "I hear a cow."),
        ("music_qa_open", "instrument_note", "I hear an oboe.", "This is an oboe.", "I hear a flute."),
        ("music_qa_choice", "instrument_note", "D) snare drum.", "D", "A) snare drum."),
        ("safety_alert", "siren", "A siren is close. Stay inside.", "I hear a siren.", "Stay inside."),
        ("environment_aware_assistance", "speech_coffee_order", LATTE, LATTE, LATTE.replace("large", "small")),
        (MIXED_IN_ALARM, "siren", "A siren is close. Stay inside.", "I hear a siren.", "Stay inside."),
        (MIXED_IN_REVIEW, "speech_wake_word", "The first sound was a siren.", "A siren.", "A cow."),
    ],
)
def test_right_and_wrong(sub_task: str, label: str, reference: str, right: str, wrong: str) -> None:
    asked = item(sub_task, reference, label, heard=("siren", "cow"))
    assert verdict(asked, reference).right and verdict(asked, right).right
    assert not verdict(asked, wrong).right


@pytest.mark.parametrize(
    ("sub_task", "label", "reference", "wrong"),
    [
        ("multi_turn_dialogue", "speech_coffee_order", "Coming up: mocha.", "Sure, large iced mocha."),
        ("multi_turn_dialogue", "speech_coffee_order", "Sure, latte with some milk.", "Sure, latte with almond milk."),
        ("factual_spoken_qa", "speech_question", "Paris.", "It is London, Berlin, Paris or Rome."),
        ("factual_spoken_qa", "speech_question", "Paris.", "It is not Paris."),
        ("factual_spoken_qa", "speech_question", "北京。", "不是北京，是上海。"),
        ("history_review", "speech_wake_word", "The first sound was a siren.", "I heard a siren and a cow."),
        ("audio_qa_open", "siren", "Yes, that is a siren.", "No, there is no siren."),
        ("audio_description", "cow", "I heard a siren, then a cow.", "I heard a cow, then a siren."),
    ],
)
def test_the_right_words_among_wrong_ones_are_wrong(sub_task: str, label: str, reference: str, wrong: str) -> None:
    asked = item(sub_task, reference, label, heard=("siren", "cow"))
    assert verdict(asked, reference).right and not verdict(asked, wrong).right


def test_a_number_is_an_answer_though_a_template_holds_it() -> None:
    asked = item("factual_spoken_qa", "One.", "speech_digit")
    assert verdict(asked, "The next number is one.").right and not verdict(asked, "Two.").right


def test_a_description_names_every_sound_or_its_share() -> None:
    asked = item("audio_description", "I heard a siren, then a cow mooing.", "cow", heard=("siren",))
    half = verdict(asked, "I heard a siren.")
    assert not half.right and half.figures["sounds_named"] == (1.0, 2.0)


def test_an_instrument_and_its_family_are_told_apart() -> None:
    asked = item("music_qa_open", "This is an oboe, of the woodwinds.", "instrument_note")
    flute = verdict(asked, "This is a flute, of the woodwinds.")
    assert not flute.right and flute.figures["family"] == (1.0, 1.0)
    assert verdict(asked, "I hear an oboe.").right
    assert "family" not in verdict(item("music_qa_open", "I hear an oboe."), "I hear an oboe.").figures


def test_calls_count_intents_and_slots_by_what_was_asked_with() -> None:
    order = verdict(item("environment_aware_assistance", LATTE, "speech_coffee_order"), LATTE.replace("large", "small"))
    assert (order.figures["orders_intent"], order.figures["orders_slot_f1"]) == ((1.0, 1.0), (2.0, 4.0))
    call = '{"name": "close_windows", "arguments": {"reason": "wind"}}'
    sound = verdict(item("environment_aware_assistance", call, "wind"), "It is windy.")
    assert (sound.figures["sounds_intent"], sound.figures["sounds_slot_f1"]) == ((0.0, 1.0), (0.0, 1.0))
    said = verdict(item("environment_aware_assistance", call, "speech_command"), call)
    assert said.right and said.figures["commands_slot_f1"] == (2.0, 2.0)


def test_keywords_are_utterances_of_a_word_or_two() -> None:
    for text in ("alexa", "hey computer", "共产党"):
        assert verdict(item("asr_multilingual", text), text).figures["keyword_accuracy"] == (1.0, 1.0)
    for text in ("what is it", "今天天气很好"):
        assert "keyword_accuracy" not in verdict(item("asr_multilingual", text), text).figures
