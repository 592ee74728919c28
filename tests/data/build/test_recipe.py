"""Recipes: a TOML file becomes frozen values, and a slip of the pen is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from soundflow.data.build.recipe import Recipe, read_recipe, recipe_of, shares
from soundflow.data.tasks.registry import SUB_TASKS
from soundflow.errors import InputError


@pytest.mark.parametrize(
    "name", ["corpus", "nano-corpus", "nano-random", "nano-words", "nano-orders", "nano-silent", "nano-counts"]
)
def test_the_repositorys_recipes_are_well_formed(repository: Path, name: str) -> None:
    recipe = read_recipe(repository / "recipes" / f"{name}.toml")
    assert recipe.streams > 0 and sum(shares(recipe).values()) == pytest.approx(1.0)


def test_the_packaged_recipe_has_every_sub_task() -> None:
    recipe = read_recipe(Path("recipes/corpus.toml"), streams=7)
    assert recipe.streams == 7
    assert set(shares(recipe)) == set(SUB_TASKS) and len(SUB_TASKS) == 28
    assert recipe.mix_ins.history_review == 0.30 and recipe.compose.snr_db == (5.0, 20.0)


def test_shares_sum_to_one_and_leave_out_what_is_at_zero() -> None:
    recipe = Recipe(tasks={"keep_silent": 3, "safety_alert": 1, "asr_mandarin": 0})
    assert shares(recipe) == {"keep_silent": 0.75, "safety_alert": 0.25} or shares(recipe)["keep_silent"] == 0.75
    assert "asr_mandarin" not in shares(recipe)


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"straems": 5}, "did you mean 'streams'"),
        ({"tasks": {"keep_silnt": 1}}, "did you mean 'keep_silent'"),
        ({"tasks": {"keep_silent": 0}}, "at least one share"),
        ({"tasks": {"keep_silent": "much"}}, "a share from 0"),
        ({"compose": {"snr": [0, 1]}}, "unknown key 'snr'"),
        ({"compose": 3}, "expected a table"),
        ({"streams": "many"}, "a value like"),
        ({"streams": 0}, "1 to"),
        ({"curation": "chaos"}, "scene or random"),
        ({"audio": "mp3"}, "flac or wav"),
        ({"mix_ins": {"silence": 2}}, "a chance from 0 to 1"),
        ({"quiet": {"speach": 2}}, "did you mean 'speech'"),
        ({"calls": ["order"]}, "did you mean 'orders'"),
        ({"calls": []}, "at least one of sounds, orders, commands"),
        ({"quiet": {"speech": -1}}, "quiet.speech is -1, expected a share"),
        ({"quiet": dict.fromkeys(("events", "speech", "music", "background"), 0)}, "at least one share"),
        ({"turns": [5, 3]}, "the smaller first"),
    ],
)
def test_a_slip_is_named(values: dict[str, Any], found: str) -> None:
    with pytest.raises(InputError, match=found):
        recipe_of(values, "my.toml")


def test_a_file_that_is_not_there_or_no_toml(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no readable recipe"):
        read_recipe(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("streams = = 3")
    with pytest.raises(InputError, match="not TOML"):
        read_recipe(tmp_path / "bad.toml")
