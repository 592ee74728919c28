"""The split that a recording's rows belong to."""

from __future__ import annotations

from itertools import permutations

from soundflow.data.splits import is_stricter, strictest


def test_the_split_farthest_from_training_wins_in_any_order() -> None:
    for splits in permutations(("train", "valid", "mine", "test")):
        assert strictest(splits) == "test"
        assert strictest(split for split in splits if split != "test") == "mine"
    assert strictest(["valid", "train"]) == "valid"
    assert is_stricter("test", "train") and not is_stricter("train", "train") and not is_stricter("train", "valid")
