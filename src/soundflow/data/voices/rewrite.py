"""Spoken style by rule: markdown goes, numerals and abbreviations are spelled, symbols become words.

Source: paper, appendix "Dataset Curation Pipeline"; a chat endpoint may do the same work. Tests:
tests/data/voices/test_rewrite.py.
"""

from __future__ import annotations

import re

# fmt: off
_ONES = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
]
_TENS = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
# fmt: on
_SCALES = ((10**9, "billion"), (10**6, "million"), (10**3, "thousand"))
_DIGITS_ZH = "零一二三四五六七八九"
_ABBREVIATIONS = {
    "Mr.": "Mister",
    "Mrs.": "Missus",
    "Dr.": "Doctor",
    "e.g.": "for example",
    "i.e.": "that is",
    "etc.": "and so on",
    "vs.": "versus",
    "approx.": "approximately",
    "km/h": "kilometres per hour",
    "km": "kilometres",
    "kg": "kilograms",
}
_SYMBOLS_EN = {"%": " percent", "&": " and ", "+": " plus ", "=": " equals ", "@": " at ", "°C": " degrees Celsius"}
_SYMBOLS_ZH = {"&": "和", "+": "加", "=": "等于", "°C": "摄氏度"}


def spoken_style(text: str, language: str) -> str:
    """A text as it is said.

    Args:
        language: `en` or `zh`; another one only loses its markdown.

    Returns:
        One line; no markdown, no digits, no symbols the rules know.
    """
    text = _without_markdown(text)
    if language == "en":
        text = _english(text)
    elif language == "zh":
        text = _mandarin(text)
    return re.sub(r"\s+", " ", text).strip()


def number_in_words(number: int) -> str:
    """A whole number in English words."""
    if number < 0:
        return f"minus {number_in_words(-number)}"
    if number < 20:
        return _ONES[number]
    if number < 100:
        return _TENS[number // 10] + (f"-{_ONES[number % 10]}" if number % 10 else "")
    if number < 1000:
        rest = f" and {number_in_words(number % 100)}" if number % 100 else ""
        return f"{_ONES[number // 100]} hundred{rest}"
    for scale, name in _SCALES:
        if number >= scale:
            rest = f" {number_in_words(number % scale)}" if number % scale else ""
            return f"{number_in_words(number // scale)} {name}{rest}"
    raise AssertionError(number)


def number_in_mandarin(number: int) -> str:
    """A whole number below 10^12 in Mandarin."""
    for scale, name in ((10**8, "亿"), (10**4, "万")):
        if number >= scale:
            head, rest = number_in_mandarin(number // scale) + name, number % scale
            gap = "零" if 0 < rest < scale // 10 else ""
            return head + (gap + number_in_mandarin(rest) if rest else "")
    if number < 10:
        return _DIGITS_ZH[number]
    words, zero = "", False
    for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // unit % 10
        if digit:
            words += ("零" if zero and words else "") + _DIGITS_ZH[digit] + name
        zero = not digit and bool(words)
    return words.removeprefix("一") if words.startswith("一十") else words


def _without_markdown(text: str) -> str:
    text = re.sub(r"```.*?```", " ", text, flags=re.S)
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"https?://\S+", " ", text)
    text = re.sub(r"^\s*(#{1,6}|>|[-*•]|\d+[.)])\s+", "", text, flags=re.M)
    return re.sub(r"[*_`~|]+", "", text)


def _english(text: str) -> str:
    for short, long in _ABBREVIATIONS.items():
        text = re.sub(rf"(?<![A-Za-z]){re.escape(short)}(?![A-Za-z])", long, text)
    text = re.sub(r"\$\s?(\d+)\b(?!\.\d)", r"\1 dollars", text)
    for symbol, words in _SYMBOLS_EN.items():
        text = text.replace(symbol, words)
    text = re.sub(r"(?<=\d),(?=\d{3}\b)", "", text)
    return re.sub(r"\d+(\.\d+)?", _number_en, text)


def _mandarin(text: str) -> str:
    text = re.sub(r"(\d+)%", r"百分之\1", text)
    for symbol, words in _SYMBOLS_ZH.items():
        text = text.replace(symbol, words)
    return re.sub(r"\d+(\.\d+)?", _number_zh, text)


def _number_en(found: re.Match[str]) -> str:
    whole, _, part = found.group().partition(".")
    words = number_in_words(int(whole)) if len(whole) <= 12 else " ".join(_ONES[int(d)] for d in whole)
    return words + (" point " + " ".join(_ONES[int(d)] for d in part) if part else "")


def _number_zh(found: re.Match[str]) -> str:
    whole, _, part = found.group().partition(".")
    words = number_in_mandarin(int(whole)) if len(whole) <= 12 else "".join(_DIGITS_ZH[int(d)] for d in whole)
    return words + ("点" + "".join(_DIGITS_ZH[int(d)] for d in part) if part else "")
