"""What is asked offline, about which sound, and with which words."""

from __future__ import annotations

import numpy as np
import pytest

from soundflow.bench.capabilities.items import Asked
from soundflow.bench.capabilities.offline import can_be_asked, offline_answers, recording_of
from soundflow.errors import InputError
from soundflow.stream.offline import MOST_POSITIONS
from soundflow.testing.model import Script, ScriptedReply, answering_bundle, caches_of
from tests.bench.capabilities.streams import due, let_pass, speech, stream, words

CHUNK = 6400
SAMPLES = np.linspace(0, 1, 50 * CHUNK, dtype=np.float32)  # 20 s
CHOICE = stream("audio_qa_choice", let_pass(1, 2), due(5, 6, "B) a siren."), instruction="Which? A) a cow, B) a siren.")
ORDERS = stream("environment_aware_assistance", due(1.0, 2.2, "{}"), due(5.1, 6.3, "{}"))


def test_a_question_about_the_whole_is_asked_about_the_stream() -> None:
    bundle = answering_bundle(Script({0: ScriptedReply("B)")}))
    assert offline_answers(bundle, CHOICE, SAMPLES) == {0: "B)"}
    assert recording_of(CHOICE, CHOICE.items[0], SAMPLES) is SAMPLES
    assert bundle.config.control.assistant in caches_of(bundle)[0].fed


def test_a_clip_is_asked_about_in_the_chunks_that_hold_it() -> None:
    first, second = (recording_of(ORDERS, item, SAMPLES) for item in ORDERS.items)
    assert np.array_equal(first, SAMPLES[2 * CHUNK : 6 * CHUNK])  # 0.8 to 2.4 s
    assert np.array_equal(second, SAMPLES[12 * CHUNK : 16 * CHUNK])
    assert len(offline_answers(answering_bundle(), ORDERS, SAMPLES)) == 2


@pytest.mark.parametrize(
    ("asked", "makes_sense"),
    [
        (CHOICE, True),
        (ORDERS, True),
        (stream("asr_read_speech_en", speech(1, 2), turns=words(0, (2.0, "nine"))), True),
        (stream("event_counting", due(1, 2, "Siren number one.")), False),
        (stream("safety_alert", due(1, 2, "I hear a siren."), instruction=None), False),
        (stream("audio_qa_open", due(1, 2, "A siren."), instruction=None, spoken=True), True),
        (stream("factual_spoken_qa", due(1, 2, "Eight."), instruction=None, spoken=True), False),
    ],
)
def test_only_what_makes_sense_is_asked(asked: Asked, makes_sense: bool) -> None:
    assert can_be_asked(asked, asked.items[0]) is makes_sense


def test_a_recording_that_is_too_long_has_no_answer_and_other_faults_are_told() -> None:
    bundle = answering_bundle(Script({0: ScriptedReply("B)")}))
    endless = np.zeros(CHUNK * MOST_POSITIONS, np.float32)
    assert offline_answers(bundle, CHOICE, endless) == {0: ""}
    with pytest.raises(InputError, match="shape"):
        offline_answers(bundle, CHOICE, np.zeros(0, np.float32))
