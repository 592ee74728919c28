"""Scenes by a chat endpoint: a scenario is planned, then each of its sub-events is refined.

Whatever the endpoint says, only labels there are clips for come through, and only words that name the sound; a caption
is data, never an instruction. Source: paper, section 3.2 (i) and (ii), appendix "Streaming Data Construction".
Tests: tests/data/curate/test_chat_planner.py.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from soundflow.data.curate.grammar import Refinement, Scene
from soundflow.data.endpoints.asking import Asker, Question
from soundflow.data.endpoints.prompts import prompt

Names = Mapping[str, Sequence[str]]  # label to every name of it

_WORDS = r"^[A-Za-z0-9][A-Za-z0-9 ,'-]*$"  # nothing that a shell, a page or a template would read
_SENTENCE = r"^[A-Za-z0-9][A-Za-z0-9 ,.'-]*$"
# Whoever speaks so talks to a model, not of a sound.
_ORDERS = re.compile(r"\b(ignore|disregard|instructions?|system|prompt|assistant|password|api key)\b", re.IGNORECASE)


class PlannedEvent(BaseModel):
    """One sub-event as the endpoint must write it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    label: str = Field(min_length=1, max_length=60)
    role: Literal["foreground", "background", "ambient"]


class PlannedScenario(BaseModel):
    """A scenario as the endpoint must write it; 3 to 15 sub-events."""

    model_config = ConfigDict(extra="forbid", strict=True)

    place: str = Field(min_length=1, max_length=60, pattern=r"^[A-Za-z][A-Za-z ,'-]*$")
    sub_events: list[PlannedEvent] = Field(min_length=3, max_length=15)


class RefinedEvent(BaseModel):
    """A sub-event as the endpoint must refine it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    label: str = Field(min_length=1, max_length=60)
    query: str = Field(min_length=2, max_length=80, pattern=_WORDS)
    caption: str = Field(min_length=2, max_length=160, pattern=_SENTENCE)


class RefinedEvents(BaseModel):
    """The whole answer to a refinement."""

    model_config = ConfigDict(extra="forbid", strict=True)

    sub_events: list[RefinedEvent] = Field(min_length=1, max_length=15)


def plan_scenes(asker: Asker, bags: Sequence[Sequence[str]], names: Names) -> list[Scene]:
    """Scenes out of bags of annotations; those that were never told rightly are missing.

    A scenario whose refinement was not believed keeps its sub-events and is searched for by rule.

    Args:
        bags: labels or captions drawn at random, one bag a scenario; nothing they say is obeyed.
        names: the only labels that come through, with their names.

    Raises:
        OutsideError: the endpoint refuses us for good, or the cache cannot be written.
    """
    asked = asker.answers([scenario_question(bag, names, number) for number, bag in enumerate(bags)])
    planned = [scenario for scenario in asked if scenario is not None]
    refined = asker.answers([refinement_question(s, names, number) for number, s in enumerate(planned)])
    return [scene_of(scenario, found or {}) for scenario, found in zip(planned, refined, strict=True)]


def scenario_question(annotations: Sequence[str], names: Names, number: int) -> Question[PlannedScenario]:
    """Stage 1: one coherent scenario out of a bag of annotations; `number` asks for another of the same bag."""
    data = {"annotations": list(annotations), "allowed_labels": sorted(names), "variant": number}
    return Question(f"scene {number}", prompt("curate/scenario"), data, lambda text: read_scenario(text, names))


def refinement_question(scenario: PlannedScenario, names: Names, number: int) -> Question[dict[str, Refinement]]:
    """Stage 2: a retrieval query and a caption for every sub-event."""
    labels = list(dict.fromkeys(event.label for event in scenario.sub_events))
    events = [{"label": label, "names": list(names[label])} for label in labels]
    data = {"place": scenario.place, "sub_events": events}
    wanted = {label: names[label] for label in labels}
    return Question(f"refinement {number}", prompt("curate/refine"), data, lambda text: read_refinements(text, wanted))


def read_scenario(text: str, labels: Collection[str]) -> PlannedScenario:
    """An answer as a scenario.

    Raises:
        ValueError: no JSON, another shape, or a label nobody has.
    """
    planned = PlannedScenario.model_validate_json(text)
    strange = sorted({event.label for event in planned.sub_events} - set(labels))
    if strange:
        raise ValueError(f"labels nobody has: {', '.join(strange)[:120]}")
    if not any(event.role == "foreground" for event in planned.sub_events):
        raise ValueError("nothing in the foreground")
    return planned


def read_refinements(text: str, names: Names) -> dict[str, Refinement]:
    """An answer as refinements, by label.

    Raises:
        ValueError: no JSON, another shape, other labels than were asked for, or words that are not about the sound.
    """
    found = {event.label: event for event in RefinedEvents.model_validate_json(text).sub_events}
    if set(found) != set(names):
        raise ValueError(f"refined were {', '.join(sorted(found))[:120]}, asked for {', '.join(sorted(names))[:120]}")
    for label, event in found.items():
        for words in (event.query, event.caption):
            if not is_about(words, label, names[label]):
                raise ValueError(f"{words[:80]!r} does not name {label}")
            if _ORDERS.search(words):
                raise ValueError(f"{words[:80]!r} gives orders")
    return {label: Refinement(event.query, event.caption) for label, event in found.items()}


def is_about(words: str, label: str, names: Sequence[str]) -> bool:
    """Whether words share the beginning of a word with a label or one of its names ("barking" with "bark")."""
    names = (label.replace("_", " "), *names)
    stems = tuple({word[:4] for name in names for word in re.findall(r"[a-z]{3,}", name.lower())})
    return any(word.startswith(stems) for word in re.findall(r"[a-z]{3,}", words.lower()))


def scene_of(scenario: PlannedScenario, refined: Mapping[str, Refinement]) -> Scene:
    """A scenario and its refinements as the grammar takes them."""
    front = tuple(event.label for event in scenario.sub_events if event.role == "foreground")
    behind = tuple(event.label for event in scenario.sub_events if event.role != "foreground")
    return Scene(scenario.place, front, behind, dict(refined))
