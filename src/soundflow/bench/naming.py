"""Whether a reply names a sound. Knows only words. Tests: tests/bench/test_naming.py.

The rule, in full: a name is said when all its words stand in one sentence of the reply, in any order. Case, articles,
bracketed remarks and regular endings (-s, -es, -ies, -ed, -ing, -e, a doubled consonant before them) do not count, nor
do the few irregular forms below. "Smoke or fire alarm" is two names: "smoke alarm" and "fire alarm".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

_IDLE_WORDS = frozenset({"a", "an", "the", "of", "in", "being", "is", "are"})
_IRREGULAR = {
    "blew": "blow",
    "blown": "blow",
    "broke": "break",
    "broken": "break",
    "fallen": "fall",
    "fell": "fall",
    "lit": "light",
    "rang": "ring",
    "rung": "ring",
    "shot": "shoot",
    "struck": "strike",
    "threw": "throw",
    "thrown": "throw",
    "tire": "tyre",
    "wept": "weep",
}
_SHORTEST_STEM = 3  # letters left of a word; chosen, so that "ring" and "sing" keep their ends


def names_sound(text: str, names: Sequence[str]) -> bool:
    """Whether the text says one of the names, by the rule above. Source: ruling 11 (`named`); the rule is our own."""
    sentences = [set(_stems(sentence)) for sentence in re.split(r"[.!?;]+", text)]
    wanted = [form for name in names for form in _forms(name)]
    return any(form <= sentence for form in wanted for sentence in sentences)


@lru_cache(maxsize=4096)
def _forms(name: str) -> tuple[frozenset[str], ...]:
    """The sets of stems that say a name, one for each side of an "or"; never an empty one."""
    plain = re.sub(r"\(.*?\)", " ", name)
    return tuple(stems for part in _alternatives(plain) if (stems := frozenset(_stems(part))))


def _alternatives(name: str) -> Iterator[str]:
    left, found, right = name.partition(" or ")
    if not found or not right.strip():  # nothing may be left of "a bell or (chime)" but its first side
        yield left
        return
    first, *tail = right.split()
    yield f"{left} {' '.join(tail)}"
    yield f"{first} {' '.join(tail)}"


def _stems(text: str) -> list[str]:
    words = re.findall(r"[^\W_]+(?:'[^\W_]+)?", text.casefold())
    return [_stem(word) for word in words if word not in _IDLE_WORDS]


@lru_cache(maxsize=65536)
def _stem(word: str) -> str:
    """A word without its regular ending: "dripping", "drips" and "dripped" all give "drip"."""
    word = _IRREGULAR.get(word, word).removesuffix("'s")
    word = re.sub(r"(?<=..)ie[sd]$", "y", word)
    for ending in ("ing", "ed", "es", "s"):
        rest = word.removesuffix(ending)
        if rest != word and len(rest) >= _SHORTEST_STEM and not rest.endswith("s"):
            word = rest
            break
    if len(word) > _SHORTEST_STEM and word[-1] == word[-2] and word[-1] not in "aeiouls":
        word = word[:-1]
    return word.removesuffix("e") if len(word) > _SHORTEST_STEM else word
