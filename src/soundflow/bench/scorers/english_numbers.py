"""Spoken numbers in English text as digits: "twenty five dollars" is "$25". Whisper's rules, its quirks included.

A reader walks over the words with one number in hand (digits so far, and a sign that goes before them) and writes it
out when a word comes that cannot go on with it. Knows only words. Tests: tests/bench/scorers/test_english_numbers.py.

Source: openai/whisper 20250625, EnglishNumberNormalizer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

_ONES = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_POWERS = (
    "thousand million billion trillion quadrillion quintillion sextillion septillion octillion nonillion decillion"
)

ZEROS = frozenset({"o", "oh", "zero"})
ONES = {name: value for value, name in enumerate(_ONES.split(), 1)}
TENS = {name: 10 * value for value, name in enumerate(_TENS.split(), 2)}
MULTIPLIERS = {"hundred": 100} | {name: 1000**power for power, name in enumerate(_POWERS.split(), 1)}

_Suffixed = dict[str, tuple[int, str]]  # word → its value and what is written behind it
_IRREGULAR: _Suffixed = {
    "zeroth": (0, "th"),
    "first": (1, "st"),
    "second": (2, "nd"),
    "third": (3, "rd"),
    "fifth": (5, "th"),
    "twelfth": (12, "th"),
}
ONES_SUFFIXED: _Suffixed = (
    {"sixes" if name == "six" else name + "s": (value, "s") for name, value in ONES.items()}
    | _IRREGULAR
    | {
        name + ("h" if name.endswith("t") else "th"): (value, "th")
        for name, value in ONES.items()
        if value > 3 and value not in (5, 12)
    }
)
TENS_SUFFIXED: _Suffixed = {name.replace("y", "ies"): (value, "s") for name, value in TENS.items()} | {
    name.replace("y", "ieth"): (value, "th") for name, value in TENS.items()
}
MULTIPLIERS_SUFFIXED: _Suffixed = {name + "s": (value, "s") for name, value in MULTIPLIERS.items()} | {
    name + "th": (value, "th") for name, value in MULTIPLIERS.items()
}
SIGNS_BEFORE = {"minus": "-", "negative": "-", "plus": "+", "positive": "+"}
CURRENCIES = {
    word + ending: sign
    for word, sign in (("pound", "£"), ("euro", "€"), ("dollar", "$"), ("cent", "¢"))
    for ending in ("", "s")
}
PERCENT = frozenset({"per", "percent"})
SPECIALS = frozenset({"and", "double", "triple", "point"})

_DECIMALS = ZEROS | ONES.keys() | TENS.keys()
_SIGNS = frozenset(SIGNS_BEFORE.values()) | frozenset(CURRENCIES.values())
_WORDS = (
    _DECIMALS
    | ONES_SUFFIXED.keys()
    | TENS_SUFFIXED.keys()
    | MULTIPLIERS.keys()
    | MULTIPLIERS_SUFFIXED.keys()
    | SIGNS_BEFORE.keys()
    | CURRENCIES.keys()
    | PERCENT
    | SPECIALS
)
_DIGITS = re.compile(r"\d+(\.\d+)?")


def digits_for_words(text: str) -> str:
    """Lower-case text with its spoken numbers as digits, and "one" for a bare 1."""
    return _tidied(" ".join(_Reader(_separated(text).split()).read()))


class _Reader:
    """One walk over the words; `value` is an int while it can still be added to, a str once digits were strung."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = words
        self._out: list[str] = []
        self._value: int | str | None = None
        self._sign = ""

    def read(self) -> list[str]:
        """The words, with numbers in digits."""
        skipped = False  # the word before has already used this one
        for at, word in enumerate(self._words):
            if skipped:
                skipped = False
                continue
            before = self._words[at - 1] if at else ""
            after = self._words[at + 1] if at + 1 < len(self._words) else ""
            skipped = self._take(before, word, after)
        self._finish()
        return self._out

    def _take(self, before: str, word: str, after: str) -> bool:
        """One word; whether the one after it is used up too."""
        bare = word[1:] if word[0] in _SIGNS else word
        if _DIGITS.fullmatch(bare) and (number := _fraction(bare)) is not None:
            self._digits(word, bare, number)
        elif word not in _WORDS:
            self._finish()
            self._write(word)
        elif word in SIGNS_BEFORE:
            self._sign_before(word, after)
        elif word in CURRENCIES:
            self._currency(word)
        elif word in PERCENT:
            return self._percent(word, after)
        elif word in SPECIALS:
            return self._special(before, word, after)
        else:
            self._number_word(before, word)
        return False

    def _number_word(self, before: str, word: str) -> None:
        if word in ZEROS:
            self._value = f"{self._value or ''}0"
        elif word in ONES:
            self._value = self._with_ones(ONES[word], before)
        elif word in TENS:
            self._value = self._with_tens(TENS[word])
        elif word in MULTIPLIERS:
            self._multiply(MULTIPLIERS[word])
        elif word in ONES_SUFFIXED:
            ones, suffix = ONES_SUFFIXED[word]
            self._write(f"{self._with_ones(ones, before)}{suffix}")
        elif word in TENS_SUFFIXED:
            tens, suffix = TENS_SUFFIXED[word]
            self._write(f"{self._with_tens(tens)}{suffix}")
        else:
            self._multiply_and_end(*MULTIPLIERS_SUFFIXED[word])

    def _write(self, word: str | int) -> None:
        self._out.append(f"{self._sign}{word}")
        self._value, self._sign = None, ""

    def _finish(self) -> None:
        if self._value is not None:
            self._write(self._value)

    def _digits(self, word: str, bare: str, number: Fraction) -> None:
        if isinstance(self._value, str) and self._value.endswith("."):
            self._value += word  # decimals behind "point", parts of an address
            return
        self._finish()
        if word != bare:
            self._sign = word[0]
        self._value = number.numerator if number.denominator == 1 else bare

    def _with_ones(self, ones: int, before: str) -> int | str:
        """The number with one to nineteen behind it: added where there is room, else strung."""
        value = self._value
        if value is None:
            return ones
        if isinstance(value, str) or before in ONES:
            takes_the_zero = before in TENS and ones < 10
            return f"{str(value)[:-1]}{ones}" if takes_the_zero else f"{value}{ones}"
        return value + ones if value % (10 if ones < 10 else 100) == 0 else f"{value}{ones}"

    def _with_tens(self, tens: int) -> int | str:
        value = self._value
        if value is None:
            return tens
        return value + tens if isinstance(value, int) and value % 100 == 0 else f"{value}{tens}"

    def _multiply(self, multiplier: int) -> None:
        value = self._value
        if value is None:
            self._value = multiplier
        elif isinstance(value, str) or value == 0:
            product = _product(value, multiplier)
            if product is None:
                self._finish()
            self._value = multiplier if product is None else product
        else:
            self._value = _scaled(value, multiplier)

    def _multiply_and_end(self, multiplier: int, suffix: str) -> None:
        value = self._value
        if value is None:
            self._write(f"{multiplier}{suffix}")
        elif isinstance(value, int):
            self._write(f"{_scaled(value, multiplier)}{suffix}")
        elif (product := _product(value, multiplier)) is not None:
            self._write(f"{product}{suffix}")
        else:
            self._finish()
            self._write(f"{multiplier}{suffix}")

    def _sign_before(self, word: str, after: str) -> None:
        self._finish()
        if _may_be_number(after):
            self._sign = SIGNS_BEFORE[word]
        else:
            self._write(word)

    def _currency(self, word: str) -> None:
        if self._value is None:
            self._write(word)
        else:
            self._sign = CURRENCIES[word]
            self._finish()

    def _percent(self, word: str, after: str) -> bool:
        """ "percent", or "per" with "cent" behind it."""
        if self._value is None:
            self._write(word)
            return False
        if word == "percent" or after == "cent":
            self._write(f"{self._value}%")
            return word == "per"
        self._finish()
        self._write(word)
        return False

    def _special(self, before: str, word: str, after: str) -> bool:
        if not _may_be_number(after):
            self._finish()
            self._write(word)
        elif word == "point":
            if after in _DECIMALS or _DIGITS.fullmatch(after):
                self._value = f"{self._value or ''}."
        elif word == "and":
            if before not in MULTIPLIERS:  # "two hundred and one" goes on
                self._finish()
                self._write(word)
        elif after in ONES or after in ZEROS:  # double, triple
            self._value = f"{self._value or ''}{str(ONES.get(after, 0)) * (2 if word == 'double' else 3)}"
            return True
        else:
            self._finish()
            self._write(word)
        return False


def _may_be_number(word: str) -> bool:
    return word in _WORDS or bool(_DIGITS.fullmatch(word))


def _fraction(digits: str) -> Fraction | None:
    try:
        return Fraction(digits)
    except ValueError:  # several points, or thousands of digits
        return None


def _product(value: int | str, multiplier: int) -> int | None:
    """The product where it is whole, else None."""
    number = _fraction(str(value))
    product = None if number is None else number * multiplier
    return product.numerator if product is not None and product.denominator == 1 else None


def _scaled(value: int, multiplier: int) -> int:
    """Only what stands below a thousand is multiplied: "two thousand three hundred"."""
    return value // 1000 * 1000 + value % 1000 * multiplier


def _separated(text: str) -> str:
    """ "and a half" as "point five" behind a number; a blank between letters and digits, but not before a suffix."""
    parts: list[str] = []
    segments = re.split(r"\band\s+a\s+half\b", text)
    for number, segment in enumerate(segments):
        if not segment.strip():
            continue
        parts.append(segment)
        if number < len(segments) - 1:
            last = segment.rsplit(maxsplit=2)[-1]
            parts.append("point five" if last in _DECIMALS or last in MULTIPLIERS else "and a half")
    text = " ".join(parts)
    text = re.sub(r"([a-z])([0-9])", r"\1 \2", text)
    text = re.sub(r"([0-9])([a-z])", r"\1 \2", text)
    return re.sub(r"([0-9])\s+(st|nd|rd|th|s)\b", r"\1\2", text)


def _tidied(text: str) -> str:
    """ "$2 and ¢7" as "$2.07", "$0.07" as "¢7", and "one" for a bare 1."""
    text = re.sub(
        r"([€£$])([0-9]+) (?:and )?¢([0-9]{1,2})\b", lambda m: f"{m.group(1)}{m.group(2)}.{int(m.group(3)):02d}", text
    )
    text = re.sub(r"[€£$]0.([0-9]{1,2})\b", lambda m: f"¢{int(m.group(1))}", text)  # any character counts as the point
    return re.sub(r"\b1(s?)\b", r"one\1", text)
