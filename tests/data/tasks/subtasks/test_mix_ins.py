"""What is mixed in could be heard where the stream is, and never makes another answer wrong."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from soundflow.data.build.run import open_workshop
from soundflow.data.tasks.material import Material
from soundflow.data.tasks.script import Part, Script
from soundflow.data.tasks.subtasks.agent import HOME, environment_aware_assistance
from soundflow.data.tasks.subtasks.mix_ins import INDOORS, mix_in
from soundflow.data.tasks.subtasks.understanding import audio_qa_open, event_counting
from soundflow.data.tasks.subtasks.words import lines
from tests.data.build.clips import order


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    return open_workshop(order(tmp_path_factory.mktemp("mix"))).material


def clips_of(material: Material, *labels: str) -> tuple[Part, ...]:
    return tuple(Part(material.library.by_label[label][0]) for label in labels)


def mixed(material: Material, sub_task: str, script: Script, seed: int = 0) -> Script:
    return mix_in(script, sub_task, material, np.random.default_rng(seed), (1.0, 1.0, 1.0))


def test_a_conversation_without_a_place_gets_one_and_sounds_that_fit_it(material: Material) -> None:
    script = Script("Count on.", clips_of(material, "speech_digit"))
    for seed in range(8):
        found = mixed(material, "factual_spoken_qa", script, seed)
        place = next(place for place in material.grammar.places if place.name == found.place)
        assert place.name in INDOORS and found.ambience == place.ambience
        labels = {part.clip.label for part in found.parts if part.clip.kind == "event"}
        assert labels <= {*place.events, *material.urgent}


def test_a_review_is_agreed_on_where_there_is_an_instruction(material: Material) -> None:
    parts = clips_of(material, "cow", "laughing", "footsteps", "clock_tick")
    found = mix_in(
        Script("Be a warm companion.", parts), "emotional_chat", material, np.random.default_rng(0), (1.0, 0.0, 0.0)
    )
    assert found.notes == ("history_review",) and found.instruction is not None
    assert found.instruction.startswith("Be a warm companion. ") and "jarvis" in found.instruction
    last = found.parts[-1].choice.reply
    assert last is not None and material.phrases("cow").noun in last.text


@pytest.mark.parametrize(
    ("sub_task", "instruction"),
    [("asr_in_the_wild_en", "Transcribe."), ("environment_aware_assistance", "Act."), ("safety_alert", None)],
)
def test_nobody_asks_where_every_word_is_written_down_or_nothing_was_agreed_on(
    material: Material, sub_task: str, instruction: str | None
) -> None:
    parts = clips_of(material, "cow", "laughing", "footsteps", "clock_tick")
    assert "history_review" not in mixed(material, sub_task, Script(instruction, parts)).notes


@pytest.mark.parametrize(
    ("sub_task", "answers"), [("environment_aware_assistance", "commands"), ("emotional_chat", "chat")]
)
def test_no_silence_is_a_sound_that_the_sub_task_answers_itself(
    material: Material, sub_task: str, answers: str
) -> None:
    own = lines(answers)["sounds" if answers == "commands" else "emotional"]
    assert set(own) & set(material.harmless), "else this would prove nothing"
    script = Script("Go on.", clips_of(material, "speech_digit"))
    for seed in range(40):
        found = mixed(material, sub_task, script, seed)
        (silent,) = [part.clip.label for part in found.parts if part.note == "silence"]
        assert silent not in own


def test_a_house_answers_an_alarm_with_its_call_or_it_is_left_out(material: Material) -> None:
    calls = lines("commands")["sounds"]
    script, alarms = Script("Act.", clips_of(material, "speech_coffee_order")), set()
    for seed in range(40):
        found = mixed(material, "environment_aware_assistance", script, seed)
        for part in found.parts:
            if part.note == "proactive":
                alarms.add(part.clip.label)
                assert part.choice.reply and json.loads(part.choice.reply.text) == calls[part.clip.label]
    assert alarms == set(material.urgent) & set(calls) and set(material.urgent) - set(calls)


def test_a_house_acts_at_home(material: Material) -> None:
    places = set()
    for seed in range(12):
        script = environment_aware_assistance(material, np.random.default_rng(seed))
        places.add(script.place)
    assert places - {""} <= set(HOME)


def test_questions_are_not_asked_over_a_hazard(material: Material) -> None:
    for seed in range(12):
        for build in (audio_qa_open, event_counting):
            script = build(material, np.random.default_rng(seed))
            silent = {part.clip.label for part in script.parts if part.choice.reply is None}
            assert not silent & set(material.urgent)


def test_sounds_that_are_wanted_together_share_a_place(material: Material) -> None:
    for seed in range(12):
        found = material.together(np.random.default_rng(seed), material.labels, 3)
        homes = [set(place.events) for place in material.grammar.places if found[0] in place.events]
        assert len(found) == 3 and any(set(found) <= events for events in homes)
    assert material.together(np.random.default_rng(0), (), 3) == []


def test_random_concatenation_knows_no_place(tmp_path: Path) -> None:
    material = open_workshop(order(tmp_path, curation="random")).material
    script = mixed(material, "factual_spoken_qa", Script("Count on.", clips_of(material, "speech_digit")))
    assert script.place == "" and len(script.parts) == 3
