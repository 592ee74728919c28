"""Recipes: TOML in, frozen values out; an unknown key is an error that names the nearest.

Tests: tests/train/test_recipe.py.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import tomllib
import types
import typing
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from soundflow.errors import UsageError

Recipe = TypeVar("Recipe")


def read_recipe(kind: type[Recipe], path: Path, overrides: Sequence[str] = ()) -> Recipe:
    """Read a recipe file into a (nested, frozen) dataclass.

    Args:
        overrides: `section.key=value` each; the value is read as TOML, else as text. Where a section is a list of
            tables, all of them are meant, or with `section.2.key=value` the second.

    Raises:
        UsageError: no such file, not TOML, an unknown key, a value of the wrong kind or none of those there are.
    """
    return build(kind, read_values(path, overrides), str(path))


def read_values(path: Path, overrides: Sequence[str] = ()) -> dict[str, Any]:
    """The plain values of a recipe file, with the overrides in their places.

    Raises:
        UsageError: no such file, not TOML, an override that is none.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as e:
        raise UsageError("recipe.missing", f"{path} cannot be read", "the repository's recipes are in recipes/") from e
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as e:
        raise UsageError("recipe.toml", f"{path}: {e}", "a recipe is a TOML file") from e
    for override in overrides:
        _override(values, override)
    return values


def build(kind: type[Recipe], values: Mapping[str, Any], where: str) -> Recipe:
    """Build a dataclass from nested dictionaries; lists become tuples where the field is one."""
    hints = typing.get_type_hints(kind)
    known = [f.name for f in dataclasses.fields(kind)]  # type: ignore[arg-type]
    found: dict[str, Any] = {}
    for key, value in values.items():
        if key not in hints or key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(known)}"
            raise UsageError("recipe.unknown_key", f"{where}: unknown key {key!r}", hint)
        found[key] = _value(hints[key], value, f"{where}: {key}")
    try:
        return kind(**found)
    except TypeError as e:
        raise UsageError("recipe.missing_key", f"{where}: {e}", "write every key without a default") from e


def at_least(least: int, values: object, names: Sequence[str], where: str) -> None:
    """See that some numbers of a recipe are not below what makes sense.

    Raises:
        UsageError: one is.
    """
    for name in names:
        if getattr(values, name) < least:
            raise UsageError("recipe.value", f"{where}: {name} is {getattr(values, name)}", f"at least {least}")


def without(value: Any, names: Collection[str]) -> Any:
    """Plain values of a recipe without the keys of these names, however deep, such as those that say only how."""
    if isinstance(value, dict):
        return {name: without(entry, names) for name, entry in value.items() if name not in names}
    return [without(entry, names) for entry in value] if isinstance(value, list | tuple) else value


def _value(hint: Any, value: Any, where: str) -> Any:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    some = [one for one in inner if one is not types.NoneType]
    if origin in (typing.Union, types.UnionType) and len(some) == 1:
        return None if value is None else _value(some[0], value, where)
    if origin is typing.Literal:
        return _choice(inner, value, where)
    if dataclasses.is_dataclass(hint):
        _demand(isinstance(value, Mapping), f"{where} must be a section, found {value!r}", "write it as a TOML table")
        return build(typing.cast(type, hint), value, where)
    if origin is tuple:
        return _tuple(inner, value, where)
    if origin is Mapping:
        _demand(isinstance(value, Mapping), f"{where} must be a table, found {value!r}", "see the recipe's comments")
        return {key: _value(inner[1], entry, f"{where}.{key}") for key, entry in value.items()}
    if hint is Any:
        return value
    if hint is float and type(value) is int:
        return float(value)
    if hint is Path:
        _demand(isinstance(value, str | Path), f"{where} must be text, found {value!r}", "write a path in quotes")
        return Path(value)
    _demand(type(value) is hint, f"{where} must be {hint.__name__}, found {value!r}", "see the recipe's comments")
    _demand(hint is not float or math.isfinite(value), f"{where} is {value!r}", "give a finite number")
    return value


def _tuple(kinds: tuple[Any, ...], value: Any, where: str) -> tuple[Any, ...]:
    """A list's values, each of its kind: `kinds` is one kind and `...`, or as many kinds as there must be values."""
    _demand(isinstance(value, list | tuple), f"{where} must be a list, found {value!r}", "write it in brackets")
    if kinds[-1] is Ellipsis:
        kinds = (kinds[0],) * len(value)
    wanted = f"{where} must have {len(kinds)} values, found {len(value)}"
    _demand(len(value) == len(kinds), wanted, "see the recipe's comments")
    parts = zip(kinds, value, strict=True)
    return tuple(_value(kind, part, f"{where} {i}") for i, (kind, part) in enumerate(parts, start=1))


def _demand(holds: bool, message: str, hint: str) -> None:
    if not holds:
        raise UsageError("recipe.kind", message, hint)


def _choice(known: Sequence[Any], value: Any, where: str) -> Any:
    if value in known:
        return value
    near = difflib.get_close_matches(str(value), map(str, known), n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"one of {', '.join(map(str, known))}"
    raise UsageError("recipe.choice", f"{where} is {value!r}", hint)


def _override(values: dict[str, Any], override: str) -> None:
    name, equals, text = override.partition("=")
    if not equals:
        raise UsageError("recipe.override", f"{override!r} is not section.key=value", "for example ears.steps=100")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    *sections, key = name.strip().split(".")
    for table in _tables(values, sections):
        table[key] = value


def _tables(values: Any, sections: Sequence[str]) -> list[dict[str, Any]]:
    """The tables a dotted name means: of a list of tables all, or the one whose number (from 1) stands in the name."""
    if isinstance(values, list):
        chosen, rest = values, sections
        if sections and sections[0].isdigit() and 1 <= int(sections[0]) <= len(values):
            chosen, rest = [values[int(sections[0]) - 1]], sections[1:]
        return [table for one in chosen for table in _tables(one, rest)]
    if not isinstance(values, dict):
        raise UsageError("recipe.override", f"{values!r} is no section", "see the recipe's sections")
    return [values] if not sections else _tables(values.setdefault(sections[0], {}), sections[1:])
