"""Scenes of an endpoint: believed ones reach the build, a liar's do not, and the build finishes either way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from soundflow.data.build.corpus import streams
from soundflow.data.build.run import build
from soundflow.data.curate.endpoint import Curator
from soundflow.data.curate.grammar import scene_grammar, with_scenes
from soundflow.data.curate.scenes import bags, read_scenes, write_scenes
from soundflow.errors import InputError
from tests.data.build.clips import LABELS, order

GOOD = {
    "place": "a quiet farm",
    "sub_events": [{"label": label, "role": "foreground"} for label in ("rooster", "cow", "siren")],
}
LIES = ["{", "[]", json.dumps({**GOOD, "place": "<script>"}), json.dumps({"place": "x", "sub_events": []})]


class Liar:
    """An endpoint that lies at every third question."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, system: str, user: str) -> str:
        self.asked += 1
        return LIES[self.asked // 3 % len(LIES)] if self.asked % 3 == 0 else json.dumps(GOOD)


def test_a_build_with_a_liars_scenes_finishes_and_holds_nothing_malformed(tmp_path: Path) -> None:
    curator = Curator(Liar(), LABELS, tmp_path / "asked")
    written = write_scenes(curator, 12, 0, tmp_path / "scenes.jsonl")
    assert written == 12 and len(curator.explained) == curator.tally.total() - 12 > 3
    told: dict[str, Any] = {"tasks": {"safety_alert": 1.0}, "turns": (3, 3), "scenes": str(tmp_path / "scenes.jsonl")}
    made = build(order(tmp_path, **told))
    assert made.missing == 0
    places = {stream.annotation["place"] for stream in streams(tmp_path / "out")}
    assert any(place.startswith("a quiet farm") for place in places)
    for stream in streams(tmp_path / "out"):
        assert {event.label for event in stream.timeline.events} <= set(LABELS) | {"siren"}


def test_a_scene_is_a_place_and_a_sequence_unless_it_contradicts_the_grammar() -> None:
    grammar = with_scenes(
        scene_grammar(), [("a farm", ["rooster", "cow"], []), ("a party", ["snoring", "laughing"], [])]
    )
    assert [place.words for place in grammar.places][-1] == "a farm"
    assert ("rooster", "cow") in grammar.sequences and ("snoring", "laughing") not in grammar.sequences


def test_bags_are_those_of_the_seed_and_bad_lines_are_named(tmp_path: Path) -> None:
    assert bags(LABELS, 3, 5) == bags(LABELS, 3, 5) != bags(LABELS, 3, 6)
    (tmp_path / "s.jsonl").write_text(json.dumps(GOOD) + "\n{}\n")
    with pytest.raises(InputError, match="line 2"):
        read_scenes(tmp_path / "s.jsonl")
