"""The table of public sources, `sources.toml`: name, licence, page, and files with what is published of them.

Tests: tests/data/fetch/test_catalogue.py.
"""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from soundflow.errors import InputError, UsageError

DIGESTS = ("md5", "sha1", "sha256")  # what sources publish


@dataclass(frozen=True)
class RemoteFile:
    """A file of a source. `bytes` and the digests only where they are published; `about` is a size in words."""

    url: str
    part: str = ""
    about: str = ""
    bytes: int | None = None
    md5: str | None = None
    sha1: str | None = None
    sha256: str | None = None

    @property
    def name(self) -> str:
        """What it is called here."""
        return PurePosixPath(urlsplit(self.url).path).name

    @property
    def digest(self) -> tuple[str, str] | None:
        """(algorithm, hexadecimal digest) as published, the strongest."""
        found = ((name, getattr(self, name)) for name in reversed(DIGESTS))
        return next(((name, value) for name, value in found if value), None)


@dataclass(frozen=True)
class PublicSource:
    """A source: `terms` says in a sentence what its licence asks; `by_hand` how to get what no program may fetch."""

    name: str
    title: str
    role: str
    licence: str
    terms: str
    page: str
    files: tuple[RemoteFile, ...] = ()
    by_hand: str = ""

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of its parts, in the table's order."""
        return tuple(dict.fromkeys(file.part for file in self.files if file.part))

    def chosen(self, parts: tuple[str, ...]) -> tuple[RemoteFile, ...]:
        """The files of some parts; all of them for none.

        Raises:
            UsageError: there is no such part (`fetch.part`).
        """
        for part in parts:
            if part not in self.parts:
                hint = f"parts: {', '.join(self.parts) or 'it has none'}"
                raise UsageError("fetch.part", f"{self.name} has no part {part!r}", hint)
        return tuple(file for file in self.files if not parts or file.part in parts)


@cache
def sources() -> dict[str, PublicSource]:
    """Every source by its name."""
    text = files("soundflow.data.fetch").joinpath("sources.toml").read_text(encoding="utf-8")
    return {name: _source(name, row) for name, row in tomllib.loads(text).items()}


def source(name: str) -> PublicSource:
    """One source.

    Raises:
        InputError: there is none of that name (`fetch.name`).
    """
    if name not in sources():
        near = difflib.get_close_matches(name, sources(), n=1)
        hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(sources())}"
        raise InputError("fetch.name", f"there is no source {name!r}", hint)
    return sources()[name]


def _source(name: str, row: dict[str, Any]) -> PublicSource:
    listed = tuple(RemoteFile(**values) for values in row.pop("files", ()))
    assert set(row) <= {field.name for field in fields(PublicSource)}, f"sources.toml, {name}: an unknown key"
    return PublicSource(name=name, files=listed, **row)
