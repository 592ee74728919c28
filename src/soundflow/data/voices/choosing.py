"""Which texts get a voice, and how often. Tests: tests/data/voices/test_choosing.py."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace

import numpy as np

from soundflow.data.voices.dialogues import Dialogue, packaged
from soundflow.data.voices.instructions import general_instructions, spoken_instructions
from soundflow.data.voices.keywords import spoken_keywords
from soundflow.data.voices.orders import spoken_orders
from soundflow.data.voices.remarks import spoken_remarks

KINDS = ("dialogues", "instructions", "general-instructions", "orders", "keywords", "remarks")
ORDERS = 1000  # where no number is given


def texts_of(kind: str, languages: Collection[str], limit: int | None, seed: int) -> list[Dialogue]:
    """The texts of one of KINDS in these languages, `limit` of them drawn by the seed; orders are as many as asked."""
    known: dict[str, Callable[[], Iterable[Dialogue]]] = {
        "dialogues": packaged,
        "instructions": spoken_instructions,
        "general-instructions": general_instructions,
        "orders": lambda: spoken_orders(ORDERS if limit is None else limit, seed),
        "keywords": spoken_keywords,
        "remarks": spoken_remarks,
    }
    return sampled([dialogue for dialogue in known[kind]() if dialogue.language in languages], limit, seed)


def sampled(dialogues: Sequence[Dialogue], limit: int | None, seed: int) -> list[Dialogue]:
    """At most `limit` of them, drawn by the seed, in their order."""
    if limit is None or limit >= len(dialogues):
        return list(dialogues)
    chosen = np.random.default_rng(seed).permutation(len(dialogues))[:limit]
    return [dialogues[at] for at in sorted(chosen.tolist())]


def said_often(dialogues: Sequence[Dialogue], takes: int) -> list[Dialogue]:
    """Every text so many times, each time the next voice's; the first takes of all texts come first."""
    return [replace(dialogue, take=take) for take in range(takes) for dialogue in dialogues]
