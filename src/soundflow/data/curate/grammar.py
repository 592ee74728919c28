"""The scene grammar: places, what sounds there, what follows what, and what never goes together.

Tests: tests/data/curate/test_grammar.py.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

Scene = tuple[str, Sequence[str], Sequence[str]]  # where, what is in the foreground in its order, what is behind


@dataclass(frozen=True)
class Place:
    """One place: labels of its events, of what may sound behind them, and of its ambience."""

    name: str
    words: str
    events: tuple[str, ...]
    behind: tuple[str, ...]
    ambience: tuple[str, ...]


@dataclass(frozen=True)
class Grammar:
    """`sequences` are labels that follow each other; `conflicts` pairs that never share a stream."""

    places: tuple[Place, ...]
    sequences: tuple[tuple[str, ...], ...]
    conflicts: frozenset[frozenset[str]]

    def fits(self, label: str, others: Collection[str]) -> bool:
        """Whether a label conflicts with none of the others."""
        return all(frozenset((label, other)) not in self.conflicts for other in others)

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
    for number, (words, events, behind) in enumerate(scenes):
        if all(grammar.fits(label, [*events, *behind]) for label in (*events, *behind)):
            places.append(Place(f"{words} {number}", words, tuple(dict.fromkeys(events)), tuple(behind), ()))
            sequences.append(tuple(dict.fromkeys(events)))
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
