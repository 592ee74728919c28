"""Words of replies and references: as scored, those that carry a reference's meaning, and what a sound may be called.

Tests: tests/bench/capabilities/test_words.py.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache

from soundflow.bench.naming import names_sound
from soundflow.bench.scorers.whisper_normal import english_normal
from soundflow.data.tasks.phrases import known_phrases
from soundflow.data.tasks.subtasks.words import lines

_CHINESE = re.compile(r"([㐀-䶿一-鿿豈-﫿])")
# English words that carry no fact by themselves; chosen.
_FUNCTION_WORDS = frozenset(
    re.findall(
        r"\w+",
        """
        a an the this that these those it its i you he she we they me him her us them my your his our their
        is are was were be been being am do does did have has had will would shall should can could may might must
        not no yes and or but so if then than as at by for from in into of on onto to with about up down out off over
        under again there here too very just also please some any all
        """,
    )
)

_DENIALS = frozenset({"no", "not", "never", "nothing", "none"})
_CHINESE_DENIALS = ("不是", "没有", "不对")


@lru_cache(maxsize=65536)
def tokens(text: str) -> tuple[str, ...]:
    """Words in Whisper's English normal form ("nine" is 9, no case, no punctuation), Chinese character by character."""
    return tuple(english_normal(_CHINESE.sub(r" \1 ", text)).split())


def same_words(left: str, right: str) -> bool:
    """Whether two texts are equal in that form; an empty one equals nothing."""
    return bool(tokens(left)) and tokens(left) == tokens(right)


@lru_cache(maxsize=4096)
def key_words(reference: str) -> frozenset[str]:
    """The words of a reference without function words and without the wording of the packaged reply templates."""
    return frozenset(tokens(_in_template(reference))) - _FUNCTION_WORDS - _template_words()


def holds_key_words(reference: str, reply: str) -> bool:
    """Whether a reply says what a reference says, and does not take it back.

    It is equal, or holds every key word, in any order; a Chinese reference must stand in it as it is. A reference
    without key words is only equalled. A reply that denies or leaves a choice where the reference does not is wrong.
    """
    if same_words(reference, reply):
        return True
    if takes_back(reference, reply):
        return False
    if _CHINESE.search(reference):
        return bool(tokens(reference)) and "".join(tokens(reference)) in "".join(tokens(reply))
    wanted = key_words(reference)
    return bool(wanted) and wanted <= set(tokens(reply))


def takes_back(reference: str, reply: str) -> bool:
    """Whether a reply denies something, or names several things to choose from, and the reference does not.

    "No, there is no cat." holds the words of "Yes, that is a cat.", and "London, Paris or Rome." those of "Paris."
    """
    return _denies(reply) != _denies(reference) or ("or" in tokens(reply) and "or" not in tokens(reference))


def _denies(text: str) -> bool:
    return bool(_DENIALS & set(tokens(text))) or any(word in text for word in _CHINESE_DENIALS)


def order_words(text: str) -> frozenset[str]:
    """The words of a text that can belong to a coffee order: drink, size, roast, shots, what is added and how much."""
    return _order_vocabulary() & set(tokens(text))


@cache
def names_of(label: str) -> tuple[str, ...]:
    """What a sound may be called: its label, and the words this package has for it."""
    known = known_phrases().get(label)
    plain = label.replace("_", " ")
    return (plain,) if known is None else (plain, known.short, known.noun)


def says_sound(label: str, reply: str) -> bool:
    """Whether a reply names a sound: by the rule of `naming`, or with an opening sentence the package has for it.

    "That was a collision." is such an opening for a car crash.
    """
    return names_sound(reply, names_of(label)) or _opening(reply) in _openings(label)


def spoken_of(reference: str, labels: Sequence[str]) -> tuple[str, ...]:
    """The labels whose noun stands in a reference, the longest first: "a train horn" is no train."""
    left, found = f" {' '.join(tokens(reference))} ", list[str]()
    for noun, label in sorted(((_noun(label), label) for label in labels), key=lambda p: (-len(p[0]), p)):
        if noun in left:
            found.append(label)
            left = left.replace(noun, " | ")
    return tuple(found)


def in_order(text: str, labels: Sequence[str]) -> tuple[str, ...]:
    """These labels in the order in which their nouns first stand in a text; one whose noun is not there is left out."""
    said = f" {' '.join(tokens(text))} "
    places = {label: said.find(_noun(label)) for label in labels}
    return tuple(sorted((label for label in labels if places[label] >= 0), key=places.__getitem__))


def speaks_of_absent(reference: str, labels: Sequence[str]) -> bool:
    """Whether a reference names sounds that this package knows, and none of them is among these labels."""
    return not spoken_of(reference, labels) and bool(spoken_of(reference, tuple(known_phrases())))


@cache
def _noun(label: str) -> str:
    known = known_phrases().get(label)
    return f" {' '.join(tokens(known.noun if known else label.replace('_', ' ')))} "


@cache
def _openings(label: str) -> frozenset[str]:
    known = known_phrases().get(label)
    return frozenset(_opening(reply) for reply in known.replies) if known else frozenset()


def _opening(reply: str) -> str:
    return re.split(r"[.!?]", reply, maxsplit=1)[0].strip().casefold()


def _in_template(reference: str) -> str:
    """What stands in a template's place, "large latte" in "One moment, large latte for you."; else the whole."""
    for template in _templates():
        head, tail = re.split(r"\{.*?\}", template, maxsplit=1)
        if reference.startswith(head) and reference.endswith(tail) and len(reference) > len(head) + len(tail):
            return reference[len(head) : len(reference) - len(tail)]
    return reference


@cache
def _templates() -> tuple[str, ...]:
    """The wordings of replies around one fact."""
    texts = [text for name, texts in lines("chat").items() if name.endswith("_replies") for text in texts]
    return tuple(text for text in texts if "{" in text)


@cache
def _template_words() -> frozenset[str]:
    """What templates say around their facts: "Coming up", "I think"; but "one" of "One moment" may be an answer."""
    around = frozenset(word for text in _templates() for word in tokens(re.sub(r"\{.*?\}", " ", text)))
    return around - {"one"}


@cache
def _order_vocabulary() -> frozenset[str]:
    """Every word of the grammar of orders that carries a fact."""
    grammar = lines("orders")
    texts = [text for values in (*grammar["slots"].values(), *grammar["added"].values()) for text in values]
    return frozenset(word for text in (*texts, *grammar["amounts"]) for word in tokens(text)) - _FUNCTION_WORDS
