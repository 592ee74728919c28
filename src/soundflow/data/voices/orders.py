"""Coffee orders out of a grammar, each with the slots that its words fill.

The slots and their values are those of Picovoice's speech-to-intent benchmark, whose recordings know no transcript; the
sentences around them are ours. Tests: tests/data/voices/test_orders.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from soundflow.data.tasks.material import pick
from soundflow.data.tasks.subtasks.words import lines
from soundflow.data.voices.dialogues import Dialogue

INTENT = "orderDrink"
LABEL = "speech_coffee_order"
SLOT_SHARE = 0.5  # of orders that name a slot, each by itself; about that of the recordings. A drink is always named
BARE_AMOUNT_SHARE = 0.45  # of milk and sugar without an amount; about that of the recordings
USUAL_FRONT_SHARE = 0.6  # of orders whose words before the drink stand in the commonest order; chosen
LATE_SHOTS_SHARE = 0.15  # of shots that are named after the drink; chosen


@dataclass(frozen=True)
class Order:
    """What is said, and what it asks for by slot; every value stands in the text."""

    text: str
    slots: dict[str, str]


def spoken_orders(count: int, seed: int) -> Iterator[Dialogue]:
    """So many orders, `orders/N` or `orders-SEED/N`; the N-th of a seed is the same whatever the count."""
    kind = f"orders-{seed}" if seed else "orders"  # orders of two seeds can stand in one folder, and in one corpus
    for number in range(count):
        order = draw_order(np.random.default_rng([seed, number]))
        facts = {"intent": INTENT, "slots": order.slots}
        yield Dialogue(f"{kind}/{number}", "en", (order.text,), label=LABEL, facts=facts)


def draw_order(rng: np.random.Generator) -> Order:
    """One order in lower case."""
    grammar = lines("orders")
    slots = _slots(rng)
    front = grammar["fronts"][0] if rng.random() < USUAL_FRONT_SHARE else pick(rng, grammar["fronts"])
    late = [name for name in ("numberOfShots",) if rng.random() < LATE_SHOTS_SHARE]
    before = [slots[name] for name in front if name in slots and name not in late]
    drink = " ".join([*before, slots["coffeeDrink"]])
    after = [_with_article(slots[name], rng, ("a",)) for name in late if name in slots]
    after += [slots[name] for name in _shuffled([*grammar["added"]], rng) if name in slots]
    joint = pick(rng, [" and ", " and ", " and with ", " with "])
    order = _with_article(drink, rng, ("a", "a", "a", "one", "")) + (f" with {joint.join(after)}" if after else "")
    return Order(pick(rng, grammar["carriers"]).format(order=order), slots)


def _slots(rng: np.random.Generator) -> dict[str, str]:
    """A value for each slot that is named, in the slots' order."""
    grammar = lines("orders")
    slots = {
        name: str(pick(rng, values))
        for name, values in grammar["slots"].items()
        if name == "coffeeDrink" or rng.random() < SLOT_SHARE
    }
    for name, stuffs in grammar["added"].items():
        if rng.random() < SLOT_SHARE:
            amount = "" if rng.random() < BARE_AMOUNT_SHARE else pick(rng, grammar["amounts"][1:])
            slots[name] = f"{amount} {pick(rng, stuffs)}".strip()
    return slots


def _with_article(words: str, rng: np.random.Generator, articles: tuple[str, ...]) -> str:
    article = str(pick(rng, articles))
    if article == "a" and words[0] in "aeiou":
        article = "an"
    return f"{article} {words}".strip()


def _shuffled(names: list[str], rng: np.random.Generator) -> list[str]:
    return [names[int(at)] for at in rng.permutation(len(names))]
