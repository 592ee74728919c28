"""What a stream asks: an item for each answer that is due, under the sub-task it belongs to."""

from __future__ import annotations

from soundflow.bench.capabilities.items import MIXED_IN_ALARM, MIXED_IN_REVIEW, TASKS
from soundflow.data.tasks.phrases import known_phrases
from soundflow.data.tasks.registry import SUB_TASKS
from tests.bench.capabilities.streams import due, let_pass, speech, stream, words

ADVICE = known_phrases()["siren"].replies[0]


def test_an_item_for_each_answer_and_none_for_the_rest() -> None:
    made = stream("event_narration", due(1, 2, "A siren is sounding."), let_pass(4, 5))
    (only,) = made.items
    assert (only.kind, only.event, only.reference, only.label) == ("reply", 0, "A siren is sounding.", "siren")
    assert only.heard == ("siren", "cow")


def test_the_words_of_an_utterance_are_one_item() -> None:
    made = stream(
        "asr_read_speech_en", speech(1, 3), turns=words(0, (1.5, "Please"), (2.1, "hold the"), (3.0, "line."))
    )
    (only,) = made.items
    assert (only.kind, only.reference) == ("utterance", "Please hold the line.")


def test_a_stream_that_calls_for_nothing_is_one_item() -> None:
    (only,) = stream("keep_silent", let_pass(1, 2), let_pass(4, 5), instruction=None).items
    assert (only.kind, only.reference) == ("silence", "")
    assert [item.kind for item in stream("keep_silent", instruction=None).items] == ["silence"]


def test_what_is_mixed_in_is_counted_apart() -> None:
    alarm, review = due(1, 2, ADVICE), due(15, 16, "The first sound was a siren.", "speech_wake_word", kind="speech")
    order = due(5, 7, "Sure, large latte.", "speech_coffee_order", kind="speech")
    made = stream("multi_turn_dialogue", alarm, order, review, mix_ins=["proactive", "history_review"])
    assert [item.sub_task for item in made.items] == [MIXED_IN_ALARM, "multi_turn_dialogue", MIXED_IN_REVIEW]


def test_sounds_that_a_sub_task_answers_itself_are_its_own() -> None:
    mood = due(1, 2, "Bravo! What are we celebrating?", "clapping")
    made = stream("emotional_chat", mood, due(5, 6, ADVICE), mix_ins=["proactive"])
    assert [item.sub_task for item in made.items] == ["emotional_chat", MIXED_IN_ALARM]
    call = due(1, 2, '{"name": "close_windows", "arguments": {}}', "wind")
    assert [i.sub_task for i in stream("environment_aware_assistance", call, mix_ins=["proactive"]).items] == [
        "environment_aware_assistance"
    ]
    own = stream("safety_alert", due(1, 2, ADVICE), mix_ins=["proactive"], instruction=None)
    assert [item.sub_task for item in own.items] == ["safety_alert"]


def test_columns_say_how_the_instruction_came() -> None:
    assert stream("event_counting").column == "text"
    assert stream("event_counting", instruction=None, spoken=True).column == "spoken"
    assert stream("safety_alert", instruction=None).column == "none"


def test_every_sub_task_has_a_capability() -> None:
    assert {task for tasks in TASKS.values() for task in tasks} == {*SUB_TASKS, MIXED_IN_ALARM, MIXED_IN_REVIEW}


def test_a_question_about_a_sound_that_is_not_there_is_left_out() -> None:
    asks = {"label": "speech_wake_word", "kind": "speech"}
    made = stream("audio_grounded_chat", let_pass(1, 2), due(3, 4, "That was a cow mooing.", **asks))
    assert made.unsound == () and len(made.items) == 1
    made = stream("audio_grounded_chat", let_pass(1, 2), due(3, 4, "That was laughing.", **asks))
    assert made.items == () and [item.reference for item in made.unsound] == ["That was laughing."]
    review = due(3, 4, "The first sound was a siren.", **asks)
    assert len(stream("history_review", let_pass(1, 2), review).unsound) == 1
    dialogue = due(3, 4, "My train leaves at nine.", **asks)
    assert stream("history_review", let_pass(1, 2), dialogue).unsound == ()
