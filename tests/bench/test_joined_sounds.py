"""Sounds alone and joined: the same ones at every length, each charged with what is said in its span."""

from __future__ import annotations

import numpy as np
import pytest

from soundflow.bench.joined_sounds import chosen, hear_joined, stability
from soundflow.bench.proactive import Item
from soundflow.bench.scoring import SpokenReply
from soundflow.bench.systems import Samples, System
from soundflow.errors import InputError

ITEMS = [Item(f"i{n}", "", "", "RESPOND" if n % 2 else "IGNORE", "A", "m") for n in range(90)]


def load(item: Item) -> Samples:
    """A second of sound: loud where a word is due."""
    return np.full(16_000, 0.5 if item.decision == "RESPOND" else 0.1, np.float32)


def hear(samples: Samples, instruction: str | None) -> list[SpokenReply]:
    """Speaks at each loud second of the first five seconds; has forgotten how by then."""
    seconds = samples[: 5 * 16_000].reshape(-1, 16_000).mean(axis=1)
    return [SpokenReply(k + 0.8, "Loud.", 0.01) for k in np.flatnonzero(seconds > 0.4)]


def test_every_length_has_the_same_items() -> None:
    found = chosen(ITEMS, 1, seed=0)
    assert len(found) == len(set(found)) == 60 and sum(item.decision == "RESPOND" for item in found) == 30
    assert chosen(ITEMS, 1, 0) == found != chosen(ITEMS, 1, 1)
    with pytest.raises(InputError, match="60 of each are needed"):
        chosen(ITEMS, 2, 0)


def test_what_is_lost_in_longer_streams_shows_by_position() -> None:
    system = System("forgetful", hear)
    items = chosen(ITEMS, 1, 0)
    one, two, three = stability({n: hear_joined(system, items, n, load) for n in (1, 2, 3)})
    assert one["figure"] == two["figure"] == 100 and one["retention"] == 1
    assert three["figure"] < 100 and three["by_position"][:2] == [100, 100], "the third begins at 6 s"
    assert three["by_position"][2] == pytest.approx(100 * np.mean([i.decision == "IGNORE" for i in items[2::3]]))
    assert one["first_text_ms"]["value"] == pytest.approx(10)
