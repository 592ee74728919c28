"""Every sound there is a rule for, by its label. Tests: tests/data/generate/test_catalogue.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from soundflow.data.generate.alarms import ALARMS
from soundflow.data.generate.clip import GeneratedClip
from soundflow.data.generate.machines import MACHINES
from soundflow.data.generate.nature import NATURE
from soundflow.errors import UsageError

Samples = NDArray[np.float32]
Generator = Callable[[np.random.Generator], GeneratedClip]

CARBON_MONOXIDE_SHARE = 0.25  # of generated smoke alarms: the same label, another pattern; as in nano's streams

# Whether a sound calls for a word where no recording's row says so; as the benchmark's precedents have it.
CALLS_FOR_A_WORD: Mapping[str, bool] = {
    "smoke_alarm": True,
    "appliance_beep": True,
    "doorbell": True,
    "phone_ring": True,
    "car_alarm": True,
    "clock_alarm": True,
    "siren": True,
    "engine": False,
    "door_knock": True,
    "phone_tone": False,
    "wind": True,
    "water_drops": True,
    "pouring_water": False,
}

GENERATORS: Mapping[str, Generator] = {**ALARMS, **MACHINES, **NATURE}


def can_be_generated(label: str) -> bool:
    """Whether there is a rule for this sound."""
    return label in CALLS_FOR_A_WORD


def generated_sound(label: str, rng: np.random.Generator) -> Samples:
    """A sound of our own, float32 [n], 16 kHz; a carbon monoxide alarm is a smoke alarm by its label.

    Raises:
        UsageError: there is no rule for it (`generate.unknown`).
    """
    if label not in GENERATORS:
        raise UsageError("generate.unknown", f"there is no rule for {label!r}", "one of " + ", ".join(GENERATORS))
    kind = "carbon_monoxide" if label == "smoke_alarm" and rng.random() < CARBON_MONOXIDE_SHARE else label
    return GENERATORS[kind](rng).samples
