"""Stage 4's mix-ins: a review of what was heard, a sound that calls for nothing, a sound that calls for a word.

Source: paper, appendix "Streaming Training"; p_hr 0.30, p_sil 0.40, p_pro 0.30. Tests:
tests/data/build/test_stream.py.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from soundflow.data.tasks.material import Material, pick, spoken
from soundflow.data.tasks.registry import CAPABILITIES, SILENT_SUB_TASK
from soundflow.data.tasks.script import Part, Script
from soundflow.data.tasks.subtasks.agent import call_at, called_for
from soundflow.data.tasks.subtasks.chat import ROUNDS_BACK, ask_by_word
from soundflow.data.tasks.subtasks.intervention import advised
from soundflow.data.tasks.subtasks.words import at_end, lines
from soundflow.errors import InputError

# Where every sound is spoken of, or one is asked about, another one would make the answers wrong.
WITHOUT = frozenset(CAPABILITIES["streaming_audio_understanding"]) | {"history_review", "audio_grounded_chat"}

# Where an answer is about a sound that is not answered itself.
SPOKEN_OF = frozenset({"audio_qa_open", "audio_description", "audio_grounded_chat", "history_review"})
REVIEW = "history_review"  # the note of a question that was mixed in

# Where every word is written down or translated, or only function calls are answered, nobody can ask something else.
WITHOUT_QUESTION = frozenset(
    {SILENT_SUB_TASK}
    | set(CAPABILITIES["real_time_asr"])
    | set(CAPABILITIES["streaming_translation"])
    | set(CAPABILITIES["audio_agent"])
)


INDOORS = ("kitchen", "living_room", "office", "car", "station")  # where a conversation without a place is held


def mix_in(
    script: Script, sub_task: str, material: Material, rng: np.random.Generator, chances: tuple[float, float, float]
) -> Script:
    """Add what the chances (review, silence, proactive) ask for; a part that no clip is there for is left out."""
    review, silent, proactive = (float(rng.random()) < chance for chance in chances)
    if not script.parts or sub_task in WITHOUT:
        return script
    if silent or proactive:
        script = _placed(script, material, rng)
    if silent:
        labels = _unanswered(sub_task, material.harmless)
        script = _inserted(script, sub_task, material, rng, labels, "silence")
    if proactive and sub_task != SILENT_SUB_TASK:
        is_agent = sub_task in CAPABILITIES["audio_agent"]
        labels = called_for(material.urgent) if is_agent else _unanswered(sub_task, material.urgent)
        script = _inserted(script, sub_task, material, rng, labels, "proactive")
    if review and sub_task not in WITHOUT_QUESTION:
        script = _reviewed(script, material, rng)
    return script


def _placed(script: Script, material: Material, rng: np.random.Generator) -> Script:
    """The script at some place, so that what is mixed in could be heard there; random concatenation knows none."""
    known = [place for place in material.grammar.among(INDOORS).places if place.name in INDOORS]
    if script.place or material.curation == "random" or not known:
        return script
    place = pick(rng, known)
    return dataclasses.replace(script, place=place.name, ambience=script.ambience or place.ambience)


def _unanswered(sub_task: str, labels: tuple[str, ...]) -> tuple[str, ...]:
    """Of these labels, those that the sub-task has no answer of its own for."""
    if sub_task in CAPABILITIES["audio_agent"]:
        answered = called_for(labels)
    else:
        answered = tuple(lines("chat")["emotional"]) if sub_task == "emotional_chat" else ()
    return tuple(label for label in labels if label not in answered)


def _inserted(
    script: Script, sub_task: str, material: Material, rng: np.random.Generator, labels: tuple[str, ...], note: str
) -> Script:
    """One event between the parts; a hazard is answered whatever was asked for, by a house with a call."""
    try:
        part = material.event(rng, material.fitting(script.place, labels))
    except InputError:
        return script
    if note == "proactive" and sub_task in CAPABILITIES["audio_agent"]:
        part = Part(part.clip, call_at(part.clip.label))
    elif note == "proactive":
        part = advised(part, material, rng)
    return script.with_part(int(rng.integers(len(script.parts) + 1)), part, note)


def _reviewed(script: Script, material: Material, rng: np.random.Generator) -> Script:
    """A question at the end about a sound at least three rounds back, by a voice or by a word agreed on before."""
    rounds = [part for part in script.parts if part.role == "foreground"]
    if len(rounds) < ROUNDS_BACK + 1 or rounds[0].clip.kind != "event":
        return script
    asking = [clips["0"] for _, clips in material.voiced("probes-first")]
    if not asking:
        if script.instruction is None:  # nobody who gave no instruction agreed on a word
            return script
        try:
            asking, agreed = ask_by_word(material, rng, "first")
        except InputError:
            return script
        script = dataclasses.replace(script, instruction=f"{script.instruction.rstrip('.')}. {agreed}")
    noun = material.phrases(rounds[0].clip.label).noun
    probe = spoken(pick(rng, asking), choice=at_end(f"The first sound was {noun}."))
    return script.with_part(len(script.parts), probe, REVIEW)
