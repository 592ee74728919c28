"""Recipes: TOML to frozen values, with errors that help."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest

from soundflow.errors import UsageError
from soundflow.train.recipe import read_recipe

Kind = Literal["float32", "bfloat16"]


@dataclass(frozen=True)
class Inner:
    steps: int = 10
    rate: float = 0.1
    gap: tuple[float, ...] = (0.8, 2.4)
    parts: tuple[Kind, ...] = ()
    span: tuple[float, float] = (0.0, 1.0)
    shares: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Outer:
    name: str
    clips: Path = Path(".")
    inner: Inner = field(default_factory=Inner)
    storage: Kind = "float32"
    maybe: Kind | None = None
    cache: Path | None = None
    later: tuple[Inner, ...] = ()
    free: Mapping[str, Any] = field(default_factory=dict)


def _write(folder: Path, text: str) -> Path:
    path = folder / "recipe.toml"
    path.write_text(text)
    return path


def test_sections_lists_and_paths(tmp_path: Path) -> None:
    path = _write(
        tmp_path, 'name = "a"\nclips = "x"\n[inner]\nsteps = 3\nrate = 1\ngap = [1.0, 2.0]\n[inner.shares]\none = 1\n'
    )
    assert read_recipe(Outer, path) == Outer("a", Path("x"), Inner(3, 1.0, (1.0, 2.0), shares={"one": 1.0}))


def test_a_choice_is_taken_wherever_it_stands(tmp_path: Path) -> None:
    text = 'name = "a"\nstorage = "bfloat16"\nmaybe = "float32"\ncache = "x"\n[inner]\nparts = ["bfloat16"]\n'
    found = read_recipe(Outer, _write(tmp_path, text))
    assert (found.storage, found.maybe, found.inner.parts) == ("bfloat16", "float32", ("bfloat16",))
    assert found.cache == Path("x")


def test_what_another_reads_is_left_as_it_is(tmp_path: Path) -> None:
    found = read_recipe(Outer, _write(tmp_path, 'name = "a"\n[free]\nlist = [1, "two"]\n'))
    assert found.free == {"list": [1, "two"]}


def test_overrides_win(tmp_path: Path) -> None:
    path = _write(tmp_path, 'name = "a"\n')
    found = read_recipe(Outer, path, ["inner.steps=7", "name=plain text"])
    assert found.inner.steps == 7 and found.name == "plain text"


@pytest.mark.parametrize(
    ("text", "override", "says"),
    [
        ('name = "a"\nclip = "x"\n', [], "did you mean 'clips'"),
        ('name = "a"\n[inner]\nstep = 1\n', [], "did you mean 'steps'"),
        ('name = "a"\n[inner]\nsteps = "many"\n', [], "must be int"),
        ('name = "a"\ninner = 3\n', [], "must be a section"),
        ('name = "a"\n[inner]\nsteps = [10]\n', [], r"steps must be int, found \[10\]"),
        ('name = "a"\n[inner]\nsteps = true\n', [], "steps must be int, found True"),
        ('name = "a"\n[inner]\nrate = nan\n', [], "rate is nan — give a finite number"),
        ('name = "a"\n[inner]\nspan = 2.0\n', [], "span must be a list, found 2.0"),
        ('name = "a"\n[inner]\nspan = [1, 2, 3]\n', [], "span must have 2 values, found 3"),
        ('name = "a"\n[inner.shares]\none = "a bit"\n', [], "shares.one must be float, found 'a bit'"),
        ('name = "a"\n[inner]\nshares = 3\n', [], "shares must be a table"),
        ('name = "a"\nclips = 17\n', [], "clips must be text, found 17"),
        ('name = "a"\nlater.steps = 1\n', [], "later must be a list"),
        ('name = "a"\nstorage = "bf16"\n', [], "storage is 'bf16' — did you mean 'bfloat16'"),
        ('name = "a"\nstorage = 16\n', [], "storage is 16 — one of float32, bfloat16"),
        ('name = "a"\nmaybe = "x"\n', [], "maybe is 'x'"),
        ('name = "a"\n[inner]\nparts = ["float32", "float23"]\n', [], "parts 2 is 'float23' — did you mean 'float32'"),
        ("inner = {}\n", [], "name"),
        ("name = \n", [], "recipe.toml"),
        ('name = "a"\n', ["inner.steps"], "section.key=value"),
    ],
)
def test_each_fault_is_one_clear_line(tmp_path: Path, text: str, override: list[str], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        read_recipe(Outer, _write(tmp_path, text), override)


def test_a_missing_recipe(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_recipe(Outer, tmp_path / "none.toml")


@pytest.mark.parametrize("raw", [b'name = "caf\xe9"\n', bytes([0x52, 0x49, 0x46, 0x46, 0xFF])])
def test_a_recipe_that_is_no_utf_8_is_one_clear_line(tmp_path: Path, raw: bytes) -> None:
    path = _write(tmp_path, "")
    path.write_bytes(raw)
    with pytest.raises(UsageError, match="utf-8") as caught:
        read_recipe(Outer, path)
    assert caught.value.code == "recipe.toml" and str(path) in caught.value.message
