"""Whisper's two normal forms of a transcript: one for English, one for any language.

Word error rates of the paper's benchmarks are counted on the English one. Knows only text. Tests:
tests/bench/scorers/test_whisper_normal.py.

Source: openai/whisper 20250625, whisper/normalizers; the spelling table is its english.json (MIT, see NOTICE).
"""

from __future__ import annotations

import json
import re
import unicodedata
from functools import lru_cache
from importlib.resources import files

from soundflow.bench.scorers.english_numbers import digits_for_words

_KEPT_SYMBOLS = ".%$¢€£"  # they mean something beside a number
# Letters that a decomposition leaves whole.
_PLAIN_LETTERS = {
    "œ": "oe",
    "Œ": "OE",
    "ø": "o",
    "Ø": "O",
    "æ": "ae",
    "Æ": "AE",
    "ß": "ss",
    "ẞ": "SS",
    "đ": "d",
    "Đ": "D",
    "ð": "d",
    "Ð": "D",
    "þ": "th",
    "Þ": "th",
    "ł": "l",
    "Ł": "L",
}
_FILLERS = re.compile(r"\b(hmm|mm|mhm|mmm|uh|um)\b")
_TITLES = {
    "mr": "mister",
    "mrs": "missus",
    "st": "saint",
    "dr": "doctor",
    "prof": "professor",
    "capt": "captain",
    "gov": "governor",
    "ald": "alderman",
    "gen": "general",
    "sen": "senator",
    "rep": "representative",
    "pres": "president",
    "rev": "reverend",
    "hon": "honorable",
    "asst": "assistant",
    "assoc": "associate",
    "lt": "lieutenant",
    "col": "colonel",
    "jr": "junior",
    "sr": "senior",
    "esq": "esquire",
}
_SHORT_FORMS = {  # in this order: "won't" goes before "n't", "'d been" before "'d"
    r"\bwon't\b": "will not",
    r"\bcan't\b": "can not",
    r"\blet's\b": "let us",
    r"\bain't\b": "aint",
    r"\by'all\b": "you all",
    r"\bwanna\b": "want to",
    r"\bgotta\b": "got to",
    r"\bgonna\b": "going to",
    r"\bi'ma\b": "i am going to",
    r"\bimma\b": "i am going to",
    r"\bwoulda\b": "would have",
    r"\bcoulda\b": "could have",
    r"\bshoulda\b": "should have",
    r"\bma'am\b": "madam",
    **{rf"\b{short}\b": f"{long} " for short, long in _TITLES.items()},
    r"'d been\b": " had been",
    r"'s been\b": " has been",
    r"'d gone\b": " had gone",
    r"'s gone\b": " has gone",
    r"'d done\b": " had done",
    r"'s got\b": " has got",
    r"n't\b": " not",
    r"'re\b": " are",
    r"'s\b": " is",
    r"'d\b": " would",
    r"'ll\b": " will",
    r"'t\b": " not",
    r"'ve\b": " have",
    r"'m\b": " am",
}


def english_normal(text: str) -> str:
    """Lower case, no remarks, fillers, symbols or accents; short forms written out, digits, American spelling."""
    text = _FILLERS.sub("", _without_remarks(text.lower()))
    text = re.sub(r"\s+'", "'", text)
    for pattern, long in _SHORT_FORMS.items():
        text = re.sub(pattern, long, text)
    text = re.sub(r"(\d),(\d)", r"\1\2", text)
    text = re.sub(r"\.([^0-9]|$)", r" \1", text)
    text = digits_for_words(_without_accents(text))
    text = " ".join(_spellings().get(word, word) for word in text.split())
    text = re.sub(r"[.$¢€£]([^0-9])", r" \1", text)  # signs that stand beside no number
    text = re.sub(r"([^0-9])%", r"\1 ", text)
    return re.sub(r"\s+", " ", text)


def basic_normal(text: str) -> str:
    """Lower case, no remarks, a blank for every symbol; accents stay."""
    text = unicodedata.normalize("NFKC", _without_remarks(text.lower()))
    text = "".join(" " if _is_symbol(letter) else letter for letter in text).lower()
    return re.sub(r"\s+", " ", text)


def _without_remarks(text: str) -> str:
    return re.sub(r"\(([^)]+?)\)", "", re.sub(r"[<\[][^>\]]*[>\]]", "", text))


def _without_accents(text: str) -> str:
    return "".join(_plain(letter) for letter in unicodedata.normalize("NFKD", text))


def _plain(letter: str) -> str:
    if letter in _KEPT_SYMBOLS:
        return letter
    if letter in _PLAIN_LETTERS:
        return _PLAIN_LETTERS[letter]
    if unicodedata.category(letter) == "Mn":
        return ""
    return " " if _is_symbol(letter) else letter


def _is_symbol(letter: str) -> bool:
    return unicodedata.category(letter)[0] in "MSP"


@lru_cache(maxsize=1)
def _spellings() -> dict[str, str]:
    table = files(__package__).joinpath("tables", "spellings.json").read_text(encoding="utf-8")
    found: dict[str, str] = json.loads(table)
    return found
