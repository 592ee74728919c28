"""Streaming audio understanding: questions, descriptions, narration, counting, and the emotion of a voice.

Tests: tests/data/build/test_stream.py.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from soundflow.data.tasks import counting, narration
from soundflow.data.tasks.casting import MOST_OCCURRENCES
from soundflow.data.tasks.material import Material, Scene, pick
from soundflow.data.tasks.phrases import sentence
from soundflow.data.tasks.plan import IGNORE, Choice
from soundflow.data.tasks.script import Part, Script
from soundflow.data.tasks.subtasks.words import as_known, at_end, chat, instruction, lines, options
from soundflow.errors import InputError

WRONG_OPTIONS = 3


def audio_qa_open(material: Material, rng: np.random.Generator) -> Script:
    """A question in the instruction, answered at the sound that answers it."""
    scene = material.scene(rng, max(2, min(6, material.count(rng))), allowed=material.calm, behind=False)
    kind = pick(rng, ("first", "after", "is_there"))
    heard = scene.heard
    kind = "first" if kind == "after" and len(heard) < 2 else kind  # a lone sound comes after nothing
    at = 0 if kind == "first" else int(rng.integers(1, len(heard))) if kind == "after" else -1
    answer = scene.parts[heard[at]].clip.label
    about = scene.parts[heard[at - 1]].clip.label if kind == "after" else answer
    if [scene.parts[i].clip.label for i in heard].count(about) > 1:  # a question needs one answer
        kind, at, answer = "first", 0, scene.parts[heard[0]].clip.label
    noun, asked = material.phrases(answer).noun, instruction("open_questions", kind, rng)
    text = f"Yes, that is {noun}." if kind == "is_there" else f"{sentence(noun)}."
    return _answered(scene, asked.format(noun=material.phrases(about).noun), {heard[at]: as_known(text)})


def audio_qa_choice(material: Material, rng: np.random.Generator) -> Script:
    """Four options, one of which sounds."""
    scene = material.scene(rng, min(6, material.count(rng)), allowed=material.calm, behind=False)
    at = pick(rng, scene.heard)
    right = material.phrases(scene.parts[at].clip.label).noun
    there = {material.phrases(part.clip.label).noun for part in scene.parts}
    wrong = sorted({material.phrases(label).noun for label in material.labels} - there)
    chosen = [wrong[int(i)] for i in rng.permutation(len(wrong))[:WRONG_OPTIONS]]
    text, letter = options(right, chosen, rng)
    first = next(i for i in scene.heard if material.phrases(scene.parts[i].clip.label).noun == right)
    asked = chat("choice_question", rng).format(options=text)
    return _answered(scene, asked, {first: as_known(f"{letter}) {right}.")})


def audio_description(material: Material, rng: np.random.Generator) -> Script:
    """One description of the whole, when it is over."""
    scene = material.scene(rng, max(2, min(5, material.count(rng))), allowed=material.calm, behind=False)
    nouns = [material.phrases(scene.parts[i].clip.label).noun for i in scene.heard]
    listed = ", then ".join(nouns)
    return _answered(scene, chat("describe_instructions", rng), {scene.heard[-1]: at_end(f"I heard {listed}.")})


def event_narration(material: Material, rng: np.random.Generator) -> Script:
    """Every sound told as it happens."""
    scene = material.scene(rng, behind=False)
    clips = [scene.parts[i].clip for i in scene.heard]
    plan = narration.plan(clips, material.phrases, rng)
    return _answered(scene, plan.instruction, dict(zip(scene.heard, plan.choices, strict=True)))


def event_counting(material: Material, rng: np.random.Generator) -> Script:
    """One kind of sound counted aloud.

    Raises:
        InputError: there is no sound to count.
    """
    if not material.labels:
        raise InputError("material.no_events", "there is no sound to count", "give clips of events")
    target = pick(rng, material.labels)
    times = int(rng.integers(2, MOST_OCCURRENCES + 1))
    count = times + int(rng.integers(0, 3))
    scene = material.scene(rng, count, wanted=[target] * times, allowed=material.calm, behind=False)
    clips = [scene.parts[i].clip for i in scene.heard]
    plan = counting.plan(clips, material.phrases, rng, target)
    script = _answered(scene, plan.instruction, dict(zip(scene.heard, plan.choices, strict=True)))
    return dataclasses.replace(script, in_turn=True)


def speech_emotion_recognition(material: Material, rng: np.random.Generator) -> Script:
    """What a voice without words shows; sounds that are no voice are passed over."""
    names: Mapping[str, str] = lines("chat")["emotion_names"]
    voices = [label for label in material.labels if label in names]
    wanted = material.together(rng, voices, int(rng.integers(2, 4)))
    scene = material.scene(rng, len(wanted) + 1, wanted=wanted, allowed=(*voices, *material.harmless), behind=False)
    choices = {
        i: as_known(chat("emotion_replies", rng).format(emotion=names[scene.parts[i].clip.label]))
        for i in scene.heard
        if scene.parts[i].clip.label in names
    }
    return _answered(scene, chat("emotion_instructions", rng), choices)


def _answered(scene: Scene, asked: str | None, choices: Mapping[int, Choice]) -> Script:
    return Script(asked, answered(scene.parts, choices), scene.place, ambience=scene.ambience)


def answered(parts: Sequence[Part], choices: Mapping[int, Choice]) -> tuple[Part, ...]:
    """The parts with their choices; those without one are ignored."""
    return tuple(Part(p.clip, choices.get(i, IGNORE), p.said, p.role, p.longest_seconds) for i, p in enumerate(parts))
