"""Instructions and keywords that get a voice: each once, in words that can be said."""

from __future__ import annotations

import re

from soundflow.data.voices.instructions import general_instructions, spoken_instructions
from soundflow.data.voices.keywords import spoken_keywords
from soundflow.data.voices.remarks import LABEL, spoken_remarks


def test_every_instruction_once_and_whole() -> None:
    dialogues = list(spoken_instructions())
    texts = [text for dialogue in dialogues for text in dialogue.turns]
    assert len(texts) == len(dialogues) == len(set(texts)) > 4000
    assert [dialogue.name for dialogue in dialogues] == [f"instructions/{n}" for n in range(len(dialogues))]
    assert not any(re.search("[{}一-鿿]", text) for text in texts)


def test_instructions_of_every_kind_are_among_them() -> None:
    texts = {dialogue.turns[0] for dialogue in spoken_instructions()}
    assert {
        "Count the dog barks.",
        "Describe what you hear.",
        "Tell me when the dog barks.",
        'When I say "smart mirror", tell me the last sound you heard.',
        "Transcribe the speech.",
        "Translate the speech into English.",
        "Which instrument is playing?",
        "Talk with me.",
    } <= texts


def test_general_instructions_are_about_no_one_sound_and_keep_their_names() -> None:
    every = {dialogue.name: dialogue for dialogue in spoken_instructions()}
    general = list(general_instructions())
    assert 50 < len(general) < len(every) / 10
    assert all(every[dialogue.name] == dialogue for dialogue in general)
    texts = {dialogue.turns[0] for dialogue in general}
    assert {
        "Describe what you hear.",
        "Talk with me.",
        'When I say "jarvis", tell me the last sound you heard.',
    } <= texts
    assert not any("dog" in text or "kettle" in text for text in texts)


def test_keywords_carry_the_label_of_their_recordings() -> None:
    found = {dialogue.turns[0]: dialogue.label for dialogue in spoken_keywords()}
    assert len(found) == 17
    assert (found["zero"], found["ten"]) == ("speech_digit", "speech_digit")
    assert found["view glass"] == "speech_wake_word"


def test_remarks_are_no_instructions_and_have_a_label_of_their_own() -> None:
    remarks = list(spoken_remarks())
    texts = {dialogue.turns[0] for dialogue in remarks}
    assert len(texts) == len(remarks) > 150 and {dialogue.label for dialogue in remarks} == {LABEL}
    assert not texts & {dialogue.turns[0] for dialogue in spoken_instructions()}
    assert not any(re.search("[{}\\d]", text) for text in texts)
