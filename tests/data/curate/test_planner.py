"""Scenario planning: coherent scenes, never a conflict, the wanted sounds in any case."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soundflow.data.curate.grammar import scene_grammar
from soundflow.data.curate.planner import MOST_BEHIND, Scenario, SubEvent, plan_scenario, refine
from soundflow.data.tasks.phrases import phrases_of
from soundflow.errors import InputError

GRAMMAR = scene_grammar()
LABELS = sorted({label for place in GRAMMAR.places for label in place.events})


@settings(max_examples=200)
@given(st.integers(0, 2**32 - 1), st.integers(3, 15))
def test_a_scene_stays_at_its_place_and_holds_no_conflict(seed: int, count: int) -> None:
    scene = plan_scenario(GRAMMAR, count, np.random.default_rng(seed))
    place = next(place for place in GRAMMAR.places if place.name == scene.place)
    labels = [event.label for event in scene.sub_events]
    front = [event.label for event in scene.sub_events if event.role == "foreground"]
    assert 3 <= len(front) <= count and len(labels) - len(front) <= MOST_BEHIND
    assert set(front) <= set(place.events) and set(labels) <= {*place.events, *place.behind}
    assert not any(frozenset(pair) in GRAMMAR.conflicts for pair in combinations(labels, 2))
    assert len(set(front)) == len(front)


@settings(max_examples=100)
@given(st.integers(0, 2**32 - 1), st.lists(st.sampled_from(LABELS), min_size=1, max_size=4))
def test_wanted_sounds_come_in_their_order(seed: int, wanted: list[str]) -> None:
    scene = plan_scenario(GRAMMAR, 6, np.random.default_rng(seed), wanted)
    front = [event.label for event in scene.sub_events if event.role == "foreground"]
    assert [label for label in front if label in wanted] == wanted


def test_only_allowed_sounds_join_and_the_same_seed_plans_the_same() -> None:
    first, again = (plan_scenario(GRAMMAR, 5, np.random.default_rng(3), (), ("cow", "hen")) for _ in range(2))
    assert first == again
    assert {e.label for e in first.sub_events if e.role == "foreground"} == {"cow", "hen"}


def test_sequences_are_met_and_in_order() -> None:
    met = 0
    for seed in range(60):
        scene = plan_scenario(GRAMMAR, 5, np.random.default_rng(seed))
        front = [event.label for event in scene.sub_events if event.role == "foreground"]
        met += any(set(s) <= set(front) and sorted(s, key=front.index) == list(s) for s in GRAMMAR.sequences)
    assert met > 20


def test_a_label_the_grammar_does_not_know_gets_a_place_of_its_own() -> None:
    grammar = GRAMMAR.limited({"cow", "spaceship"})
    assert {place.name for place in grammar.places} == {"farm", "anywhere"}
    with pytest.raises(InputError, match="no clip fits"):
        plan_scenario(GRAMMAR.limited(set()), 3, np.random.default_rng(0))


def test_refinement_gives_a_query_with_every_name_and_a_caption() -> None:
    from soundflow.data.clips import Label

    scene = Scenario("farm", "a farm yard", (SubEvent("dog_bark"),))
    (refined,) = refine(scene, lambda name: phrases_of(Label(name, "Dog bark")), [("Dog bark", "woof")])
    assert refined.query == "dog bark Dog bark woof"
    assert refined.caption == "a dog is barking, in a farm yard"
