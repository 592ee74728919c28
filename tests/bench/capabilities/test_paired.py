"""The same items judged twice: shares, differences and figures by the names of the two ways."""

from __future__ import annotations

from soundflow.bench.capabilities.judging import judge
from soundflow.bench.capabilities.paired import Both, side_by_side
from tests.bench.capabilities.streams import due, references, stream

SOUNDS = stream("event_narration", due(1, 2, "There is a siren."), due(5, 6, "There is a siren."))


def test_two_ways_stand_beside_each_other() -> None:
    good, half = (judge(SOUNDS, references(SOUNDS)[:many]).items for many in (2, 1))
    found = side_by_side([Both(one, other) for one, other in zip(good, half, strict=True)], "near", "far")
    row = found["sub_tasks"]["event_narration"]
    assert (row["items"], row["near"]["value"], row["far"]["value"], row["difference"]["value"]) == (2, 1.0, 0.5, -0.5)
    assert found["all"] == row and all(set(figure) == {"near", "far"} for figure in row["figures"].values())


def test_without_pairs_there_is_nothing() -> None:
    assert side_by_side([], "near", "far") == {}
