"""Short forms written out as PEDANT has them, in text whose ASCII punctuation is already gone: "dont" is "do not".

Knows only text. Tests: tests/bench/scorers/test_short_forms.py.

Source: contractions 0.1.73 over textsearch (both MIT, see NOTICE); of its table only the entries that such text can
hold, with and without a typographic apostrophe.
"""

from __future__ import annotations

import json
import string
from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files

_WORD = frozenset(string.ascii_letters + string.digits + "_")  # no such character may touch a short form


def write_out(text: str) -> str:
    """Replace every short form.

    Going by where they end, the longer first, a short form is taken when it begins behind the last one taken; one that
    overlaps it takes its place only when it is longer.
    """
    taken: list[tuple[int, int]] = []
    for start, stop in _candidates(text):
        if not taken or start >= taken[-1][1]:
            taken.append((start, stop))
        elif stop - start > taken[-1][1] - taken[-1][0]:
            taken[-1] = (start, max(stop, taken[-1][1]))
    written, at = "", 0
    for start, stop in taken:
        written += text[at:start] + _table()[text[start:stop].lower()]
        at = stop
    return written + text[at:]


def _candidates(text: str) -> Iterator[tuple[int, int]]:
    lowered = text.lower()
    for stop in range(1, len(lowered) + 1):
        if stop < len(text) and text[stop] in _WORD:
            continue
        for start in (stop - length for length in _lengths() if length <= stop):
            if lowered[start:stop] in _table() and not (start and text[start - 1] in _WORD):
                yield start, stop


@lru_cache(maxsize=1)
def _table() -> dict[str, str]:
    found: dict[str, str] = json.loads(
        files(__package__).joinpath("tables", "short_forms.json").read_text(encoding="utf-8")
    )
    return found


@lru_cache(maxsize=1)
def _lengths() -> tuple[int, ...]:
    return tuple(sorted({len(short) for short in _table()}, reverse=True))
