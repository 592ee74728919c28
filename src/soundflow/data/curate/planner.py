"""Scenario planning and event refinement without a language model: a scene grammar does the same work, offline.

Source: paper, section 3.2 (i) and (ii), appendix "Streaming Data Construction"; 3 to 15 sub-events with roles.
Tests: tests/data/curate/test_planner.py.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from soundflow.data.curate.grammar import Grammar, Place, Refinement
from soundflow.data.tasks.phrases import PhraseBook
from soundflow.data.timeline import Role
from soundflow.errors import InputError

SEQUENCE_SHARE = 0.5  # of scenarios that hold one of the grammar's sequences, where the place knows one; chosen
BEHIND_SHARE = 0.35  # of scenarios with something sounding behind the foreground; chosen
MOST_BEHIND = 2  # background and ambient sub-events of one scenario


@dataclass(frozen=True)
class SubEvent:
    """One sub-event of a scenario: what sounds, and in which role."""

    label: str
    role: Role = "foreground"


@dataclass(frozen=True)
class Scenario:
    """A coherent scene: a place, and its sub-events in their order; `refined` is what a chat endpoint made of them."""

    place: str
    words: str
    sub_events: tuple[SubEvent, ...]
    ambience: tuple[str, ...] = ()
    refined: Mapping[str, Refinement] = field(default_factory=dict)  # by label


@dataclass(frozen=True)
class Refined:
    """A sub-event as a retrieval query and, where nothing fits, a caption to generate it from."""

    sub_event: SubEvent
    query: str
    caption: str


def plan_scenario(
    grammar: Grammar,
    count: int,
    rng: np.random.Generator,
    wanted: Sequence[str] = (),
    allowed: Collection[str] | None = None,
) -> Scenario:
    """Plan one scenario.

    Args:
        grammar: already limited to labels there are clips for.
        count: foreground sub-events; fewer where the place knows fewer.
        wanted: labels that must sound, in this order, one as often as it stands there; a place is chosen for them.
        allowed: the only labels that may join them; None for all.

    Raises:
        InputError: the grammar has no place.
    """
    if not grammar.places:
        raise InputError("planner.empty", "no clip fits any place of the scene grammar", "give more clips")
    place = _place(grammar, rng, count, wanted, allowed)
    labels = list(wanted) if wanted else _sequence(grammar, place, rng, count, allowed)
    pool = [label for label in place.events if allowed is None or label in allowed]
    for at in rng.permutation(len(pool)):
        label = pool[int(at)]
        if len(labels) >= count:
            break
        if label not in labels and grammar.fits(label, labels):
            labels.insert(int(rng.integers(len(labels) + 1)), label)
    behind = _behind(grammar, place, labels, rng)
    return Scenario(place.name, place.words, (*map(SubEvent, labels), *behind), place.ambience, place.refined)


def refine(scenario: Scenario, phrases: PhraseBook, names: Sequence[Sequence[str]]) -> list[Refined]:
    """Each sub-event as a query and a caption: the scenario's own where it was refined, else by rule.

    Args:
        names: every name of each sub-event's label, in the sub-events' order.
    """
    found = []
    for sub_event, words in zip(scenario.sub_events, names, strict=True):
        if own := scenario.refined.get(sub_event.label):
            found.append(Refined(sub_event, own.query, own.caption))
            continue
        caption = f"{phrases(sub_event.label).clause}, in {scenario.words}"
        found.append(Refined(sub_event, plain_query(sub_event.label, words), caption))
    return found


def plain_query(label: str, names: Sequence[str]) -> str:
    """A query by rule: the label and its names."""
    return " ".join([label.replace("_", " "), *names])


def _place(
    grammar: Grammar, rng: np.random.Generator, count: int, wanted: Sequence[str], allowed: Collection[str] | None
) -> Place:
    """A place that knows most of the wanted labels, and enough others to choose from where there is one."""

    def known(place: Place) -> int:
        return sum(label in place.events for label in set(wanted))

    def choice(place: Place) -> int:
        return sum(allowed is None or label in allowed for label in place.events)

    most = max(map(known, grammar.places))
    places = [place for place in grammar.places if known(place) == most]
    enough = min(count, max(map(choice, places)))
    places = [place for place in places if choice(place) >= enough]
    return places[int(rng.integers(len(places)))]


def _sequence(
    grammar: Grammar, place: Place, rng: np.random.Generator, count: int, allowed: Collection[str] | None
) -> list[str]:
    known = [
        s
        for s in grammar.sequences
        if len(s) <= count and all(label in place.events and (allowed is None or label in allowed) for label in s)
    ]
    if not known or rng.random() >= SEQUENCE_SHARE:
        return []
    return list(known[int(rng.integers(len(known)))])


def _behind(grammar: Grammar, place: Place, labels: Sequence[str], rng: np.random.Generator) -> list[SubEvent]:
    fitting = [label for label in place.behind if label not in labels and grammar.fits(label, labels)]
    found: list[SubEvent] = []
    while fitting and len(found) < MOST_BEHIND and rng.random() < BEHIND_SHARE:
        label = fitting.pop(int(rng.integers(len(fitting))))
        role: Role = "background" if rng.random() < 0.5 else "ambient"
        if grammar.fits(label, [e.label for e in found]):
            found.append(SubEvent(label, role))
    return found
