"""Audio agent: one function call, as JSON, at an order, a command or a sound of the house.

Tests: tests/data/build/test_stream.py.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from soundflow.data.tasks.material import Material, pick, several, spoken
from soundflow.data.tasks.plan import IGNORE, Choice
from soundflow.data.tasks.script import Part, Script
from soundflow.data.tasks.subtasks.chat import language_of
from soundflow.data.tasks.subtasks.words import as_known, at_end, chat, lines
from soundflow.errors import InputError

HOME = ("kitchen", "bedroom", "bathroom", "living_room")  # places of the grammar where a house can act
_CALLED = {"sounds": "sound of the house", "orders": "order", "commands": "command"}
SLOT_NAMES = {"coffeeDrink": "drink", "numberOfShots": "shots", "milkAmount": "milk", "sugarAmount": "sugar"}


def environment_aware_assistance(material: Material, rng: np.random.Generator) -> Script:
    """A home that acts on what it hears, or a machine that takes orders: of `material.calls` those there are clips for.

    Raises:
        InputError: there are clips for none of them.
    """
    voiced = [pair for spoken_in in ("en", "zh") for pair in material.voiced(f"commands-{spoken_in}")]
    there = {"sounds": called_for(material.labels), "orders": material.orders, "commands": voiced}
    kinds = [kind for kind, found in there.items() if found and kind in material.calls]
    if not kinds:
        wanted = ", ".join(f"no {_CALLED[kind]}" for kind in material.calls)
        raise InputError("material.no_calls", f"there is {wanted}", "set the sub-task's share to 0")
    kind = pick(rng, kinds)
    if kind == "orders":
        chosen = several(rng, material.orders, int(rng.integers(2, 5)))
        parts = tuple(spoken(clip, choice=at_end(order_call(clip.extra["slots"]), None)) for clip in chosen)
        return Script(chat("agent_order_instructions", rng), parts)
    script = _home(material, rng) if there["sounds"] else Script(chat("agent_instructions", rng), ())
    if kind == "commands":
        for _ in range(int(rng.integers(1, 3))):
            name, clips = pick(rng, voiced)
            call = lines("commands")[language_of(name)][int(name.rpartition("/")[2])][1]
            part = spoken(clips["0"], choice=at_end(as_json(call), None))
            at = int(rng.integers(len(script.parts) + 1))
            script = Script(
                script.instruction,
                (*script.parts[:at], part, *script.parts[at:]),
                script.place,
                ambience=script.ambience,
            )
    return script


def order_call(slots: Mapping[str, str]) -> str:
    """A coffee order as a function call."""
    return as_json({"name": "order_drink", "arguments": {SLOT_NAMES.get(k, k): slots[k] for k in sorted(slots)}})


def as_json(call: Mapping[str, Any]) -> str:
    """A call in one line."""
    return json.dumps(call, ensure_ascii=False)


def called_for(labels: Sequence[str]) -> tuple[str, ...]:
    """Of these labels, those at which a house does something."""
    return tuple(label for label in labels if label in lines("commands")["sounds"])


def call_at(label: str) -> Choice:
    """What a house does at such a sound, as soon as it is known."""
    return as_known(as_json(lines("commands")["sounds"][label]), None)


def _home(material: Material, rng: np.random.Generator) -> Script:
    """Sounds of a home, some of which the house acts on."""
    known = called_for(material.labels)
    wanted = material.together(rng, known, 2, HOME)
    allowed = (*known, *material.harmless)
    scene = material.scene(rng, max(3, min(6, material.count(rng))), wanted=wanted, allowed=allowed, places=HOME)
    parts = []
    for part in scene.parts:
        is_call = part.role == "foreground" and part.clip.label in known
        parts.append(Part(part.clip, call_at(part.clip.label) if is_call else IGNORE, role=part.role))
    return Script(chat("agent_instructions", rng), tuple(parts), scene.place, ambience=scene.ambience)
