"""Orders: whatever is drawn, each slot's value stands in the words, and the words name nothing else."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from soundflow.data.tasks.subtasks.words import lines
from soundflow.data.voices.orders import LABEL, draw_order, spoken_orders

NAMES = {"coffeeDrink", "roast", "size", "numberOfShots", "milkAmount", "sugarAmount"}


def values() -> dict[str, set[str]]:
    """Every value of every slot."""
    grammar = lines("orders")
    plain = {name: set(found) for name, found in grammar["slots"].items()}
    amounts = grammar["amounts"]
    return plain | {
        name: {f"{amount} {stuff}".strip() for amount in amounts for stuff in stuffs}
        for name, stuffs in grammar["added"].items()
    }


@given(st.integers(0, 2**32 - 1))
def test_every_slot_is_said_and_known(seed: int) -> None:
    order = draw_order(np.random.default_rng(seed))
    assert "coffeeDrink" in order.slots and set(order.slots) <= NAMES
    words = f" {order.text.replace(',', ' ').lower()} "
    for name, value in order.slots.items():
        assert value in values()[name]
        assert f" {value} " in words
    assert order.text == " ".join(order.text.split()) and "{" not in order.text


@given(st.integers(0, 2**32 - 1))
def test_what_is_not_ordered_is_not_said(seed: int) -> None:
    order = draw_order(np.random.default_rng(seed))
    words = set(order.text.replace(",", " ").split())
    for name, telling in {"roast": "roast", "numberOfShots": "shot"}.items():
        assert (telling in words) == (name in order.slots)
    assert bool(words & {"milk", "cream"}) == ("milkAmount" in order.slots)
    assert bool(words & {"sugar", "sweetener"}) == ("sugarAmount" in order.slots)


def test_an_order_stays_what_it_is_however_many_are_drawn() -> None:
    few, many = list(spoken_orders(3, seed=1)), list(spoken_orders(400, seed=1))
    assert few == many[:3]
    assert few[0] != next(spoken_orders(1, seed=2))
    assert few[0].name == "orders-1/0" and next(spoken_orders(1, seed=0)).name == "orders/0"
    assert {d.label for d in many} == {LABEL} and all(d.facts["intent"] == "orderDrink" for d in many)
    assert len({d.turns for d in many}) > 350
    named = [name for d in many for name in d.facts["slots"]]
    assert all(100 < named.count(name) < 300 for name in NAMES - {"coffeeDrink"})
