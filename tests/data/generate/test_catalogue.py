"""The catalogue: every sound that is wanted has a rule, and every clip of it is fit to be one."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from soundflow.data.generate.catalogue import CALLS_FOR_A_WORD, GENERATORS, can_be_generated, generated_sound
from soundflow.errors import UsageError


def test_the_sounds_of_a_house_have_rules() -> None:
    house = "smoke_alarm appliance_beep siren doorbell door_knock water_drops pouring_water wind engine phone_ring"
    assert all(map(can_be_generated, house.split()))
    assert set(GENERATORS) - {"carbon_monoxide"} == set(CALLS_FOR_A_WORD)


@pytest.mark.parametrize("name", GENERATORS)
def test_every_sound_is_fit_to_be_a_clip(name: str) -> None:
    for seed in range(3):
        clip = GENERATORS[name](np.random.default_rng(seed))
        again = GENERATORS[name](np.random.default_rng(seed))
        assert clip.synthetic
        assert np.array_equal(clip.samples, again.samples)
        assert clip.samples.dtype == np.float32 and np.isfinite(clip.samples).all()
        assert 0.25 <= len(clip.samples) / 16_000 <= 10.0
        loudest = 20 * np.log10(np.abs(clip.samples).max())
        assert loudest == pytest.approx(float(clip.recipe["peak_dbfs"]), abs=1e-3)
        json.dumps(clip.recipe)


def test_a_part_of_the_smoke_alarms_are_carbon_monoxide_alarms() -> None:
    lengths = [len(generated_sound("smoke_alarm", np.random.default_rng(seed))) for seed in range(40)]
    assert len(set(lengths)) > 10
    with pytest.raises(UsageError, match="no rule"):
        generated_sound("cow", np.random.default_rng(0))


def test_flags_are_those_of_the_event_list(shared_dir: Path) -> None:
    labels = json.loads((shared_dir / "data" / "labels.json").read_text())
    assert {name: labels[name]["proactive"] for name in CALLS_FOR_A_WORD} == CALLS_FOR_A_WORD
