"""The scene grammar: places, what sounds there, what follows what, and what never goes together.

Tests: tests/data/curate/test_grammar.py.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class Refinement:
    """A sub-event refined: what to search for, and a caption to make the sound from where nothing is found."""

    query: str
    caption: str


@dataclass(frozen=True)
class Scene:
    """A planned scene: where it is, what is in the foreground in its order, what sounds behind, and both refined."""

    words: str
    events: tuple[str, ...]
    behind: tuple[str, ...] = ()
    refined: Mapping[str, Refinement] = field(default_factory=dict)  # by label


@dataclass(frozen=True)
class Place:
    """One place: labels of its events, of what may sound behind them, and of its ambience."""

    name: str
    words: str
    events: tuple[str, ...]
    behind: tuple[str, ...]
    ambience: tuple[str, ...]
    refined: Mapping[str, Refinement] = field(default_factory=dict)  # by label


@dataclass(frozen=True)
class Grammar:
    """`sequences` are labels that follow each other; `conflicts` pairs that never share a stream."""

    places: tuple[Place, ...]
    sequences: tuple[tuple[str, ...], ...]
    conflicts: frozenset[frozenset[str]]

    def fits(self, label: str, others: Collection[str]) -> bool:
        """Whether a label conflicts with none of the others."""
        return all(frozenset((label, other)) not in self.conflicts for other in others)

    def among(self, names: Collection[str]) -> Grammar:
        """The grammar of these places alone; all of it where it has none of them."""
        places = tuple(place for place in self.places if place.name in names)
        return Grammar(places or self.places, self.sequences, self.conflicts)

    def limited(self, labels: Collection[str]) -> Grammar:
        """The grammar over the labels there are; labels it does not know get a place of their own."""
        known = {label for place in self.places for label in place.events}
        places = [
            Place(
                place.name,
                place.words,
                tuple(label for label in place.events if label in labels),
                tuple(label for label in place.behind if label in labels),
                place.ambience,
                place.refined,
            )
            for place in self.places
        ]
        foreign = tuple(sorted(set(labels) - known))
        if foreign:
            places.append(Place("anywhere", "somewhere", foreign, (), ()))
        sequences = tuple(s for s in self.sequences if all(label in labels for label in s))
        return Grammar(tuple(place for place in places if place.events), sequences, self.conflicts)


def with_scenes(grammar: Grammar, scenes: Iterable[Scene]) -> Grammar:
    """The grammar with planned scenes beside it: each a place that knows its own sounds, and their order a sequence.

    A scene that holds one of the grammar's conflicts is left out.
    """
    places, sequences = list(grammar.places), list(grammar.sequences)
    for number, scene in enumerate(scenes):
        labels = (*scene.events, *scene.behind)
        if all(grammar.fits(label, labels) for label in labels):
            events = tuple(dict.fromkeys(scene.events))
            places.append(Place(f"{scene.words} {number}", scene.words, events, scene.behind, (), scene.refined))
            sequences.append(events)
    return Grammar(tuple(places), tuple(sequences), grammar.conflicts)


@cache
def scene_grammar() -> Grammar:
    """The grammar in grammar.json beside this file."""
    raw = json.loads(files(__package__).joinpath("grammar.json").read_text(encoding="utf-8"))
    places = tuple(
        Place(name, row["words"], tuple(row["events"]), tuple(row["behind"]), tuple(row["ambience"]))
        for name, row in raw["places"].items()
    )
    return Grammar(places, tuple(map(tuple, raw["sequences"])), frozenset(map(frozenset, raw["conflicts"])))
