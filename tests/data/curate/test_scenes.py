"""Scenes as a file: written, read as strictly as an endpoint's answer, and taken by the grammar."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from soundflow.data.curate.grammar import Refinement, Scene, scene_grammar, with_scenes
from soundflow.data.curate.planner import plan_scenario, refine
from soundflow.data.curate.scenes import bags, read_scenes, write_scenes
from soundflow.data.tasks.phrases import known_phrases
from soundflow.errors import InputError
from tests.data.build.clips import LABELS

FARM = Scene("a farm", ("rooster", "cow"), ("wind",), {"cow": Refinement("cow in a stable", "A cow moos in a stable.")})


def test_scenes_come_back_as_they_were_written(tmp_path: Path) -> None:
    more = Scene("a yard", ("cow", "siren", "rooster"))
    write_scenes([FARM, more], tmp_path / "s.jsonl")
    assert read_scenes(tmp_path / "s.jsonl") == (FARM, more)


@pytest.mark.parametrize(
    "line",
    [
        "{}",
        "nonsense",
        '{"place": "x", "sub_events": 3}',
        json.dumps({"place": "<script>", "sub_events": [{"label": "cow", "role": "foreground"}] * 3}),
        json.dumps(
            {
                "place": "x",
                "sub_events": [{"label": "cow", "role": "foreground", "query": "a; b", "caption": "cow"}] * 3,
            }
        ),
    ],
)
def test_a_line_that_is_no_scene_is_named(tmp_path: Path, line: str) -> None:
    write_scenes([FARM], tmp_path / "s.jsonl")
    with (tmp_path / "s.jsonl").open("a") as file:
        file.write(line + "\n")
    with pytest.raises(InputError, match="line 2"):
        read_scenes(tmp_path / "s.jsonl")


def test_a_scene_is_a_place_and_a_sequence_unless_it_contradicts_the_grammar() -> None:
    grammar = with_scenes(scene_grammar(), [FARM, Scene("a party", ("snoring", "laughing"))])
    assert [place.words for place in grammar.places][-1] == "a farm"
    assert ("rooster", "cow") in grammar.sequences and ("snoring", "laughing") not in grammar.sequences


def test_a_refined_sub_event_is_searched_for_with_its_own_words() -> None:
    grammar = with_scenes(scene_grammar(), [FARM])
    place = grammar.places[-1]
    scenario = plan_scenario(type(grammar)((place,), (), grammar.conflicts), 2, np.random.default_rng(0))
    names = [("Cow",) if event.label == "cow" else ("Other",) for event in scenario.sub_events]
    by_label = {found.sub_event.label: found for found in refine(scenario, known_phrases().__getitem__, names)}
    assert (by_label["cow"].query, by_label["cow"].caption) == ("cow in a stable", "A cow moos in a stable.")
    assert by_label["rooster"].query == "rooster Other"


def test_bags_are_those_of_the_seed() -> None:
    assert bags(LABELS, 3, 5) == bags(LABELS, 3, 5) != bags(LABELS, 3, 6)
