"""Corpus BLEU of CoVoST 2, as sacreBLEU counts it: one reference, case and punctuation kept, exponential smoothing.

Knows only text. Tests: tests/bench/scorers/test_bleu.py, which hold it equal to sacreBLEU itself.

Source: sacreBLEU 2.6.0, signature nrefs:1|case:mixed|eff:no|tok:zh or 13a|smooth:exp.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

Tokenize = Callable[[str], str]  # a line → its tokens, one blank between them

ORDERS = 4  # n-grams up to this length
_UNESCAPED = (
    ("<skipped>", ""),
    ("-\n", ""),
    ("\n", " "),
    ("&quot;", '"'),
    ("&amp;", "&"),
    ("&lt;", "<"),
    ("&gt;", ">"),
)
_SPLITS = (
    (re.compile(r"([\{-\~\[-\` -\&\(-\+\:-\@\/])"), r" \1 "),
    (re.compile(r"([^0-9])([\.,])"), r"\1 \2 "),
    (re.compile(r"([\.,])([^0-9])"), r" \1 \2"),
    (re.compile(r"([0-9])(-)"), r"\1 \2 "),
)
_CHINESE = (
    (0x3400, 0x4DB5),
    (0x4E00, 0x9FBB),
    (0xF900, 0xFA2D),
    (0xFA30, 0xFA6A),
    (0xFA70, 0xFAD9),
    # sacreBLEU means extension B (U+20000) and its supplement (U+2F800), but writes them with four digits and one
    # more: it splits off these instead, dashes, curly quotes and arrows among them.
    (0x2001, 0x2A6D),
    (0x2F81, 0x2FA1),
    (0xFF00, 0xFFEF),
    (0x2E80, 0x2EFF),
    (0x3000, 0x303F),
    (0x31C0, 0x31EF),
    (0x2F00, 0x2FDF),
    (0x2FF0, 0x2FFF),
    (0x3100, 0x312F),
    (0x31A0, 0x31BF),
    (0xFE10, 0xFE1F),
    (0xFE30, 0xFE4F),
    (0x2600, 0x27BF),
    (0x3200, 0x33FF),
)


@dataclass(frozen=True)
class NgramCounts:
    """What BLEU is computed from; counts of several rows add up."""

    matched: tuple[int, ...]  # by order
    total: tuple[int, ...]
    hypothesis_words: int
    reference_words: int

    def __add__(self, other: NgramCounts) -> NgramCounts:
        return NgramCounts(
            tuple(a + b for a, b in zip(self.matched, other.matched, strict=True)),
            tuple(a + b for a, b in zip(self.total, other.total, strict=True)),
            self.hypothesis_words + other.hypothesis_words,
            self.reference_words + other.reference_words,
        )

    @property
    def brevity_penalty(self) -> float:
        """What a hypothesis shorter than its reference loses."""
        if self.hypothesis_words >= self.reference_words:
            return 1.0
        return math.exp(1 - self.reference_words / self.hypothesis_words) if self.hypothesis_words else 0.0


NO_NGRAMS = NgramCounts((0,) * ORDERS, (0,) * ORDERS, 0, 0)


def tokenize_13a(line: str) -> str:
    """The tokens of mteval-v13a: for every language written with blanks."""
    line = line.rstrip()
    escapes = _UNESCAPED if "&" in line else _UNESCAPED[:3]
    for old, new in escapes:
        line = line.replace(old, new)
    return _split(f" {line} ")


def tokenize_zh(line: str) -> str:
    """Chinese characters one by one, the rest as in 13a."""
    return _split("".join(f" {letter} " if _is_chinese(letter) else letter for letter in line.strip()))


def count_ngrams(reference: str, hypothesis: str, tokenize: Tokenize) -> NgramCounts:
    """The n-grams of one row."""
    ref, hyp = tokenize(reference).split(), tokenize(hypothesis).split()
    matched, total = [], []
    for order in range(1, ORDERS + 1):
        theirs, ours = _ngrams(ref, order), _ngrams(hyp, order)
        matched.append((ours & theirs).total())
        total.append(ours.total())
    return NgramCounts(tuple(matched), tuple(total), len(hyp), len(ref))


def corpus_counts(pairs: Iterable[tuple[str, str]], tokenize: Tokenize) -> NgramCounts:
    """The n-grams of (reference, hypothesis) rows, added up; an empty hypothesis stays in."""
    return sum((count_ngrams(ref, hyp, tokenize) for ref, hyp in pairs), NO_NGRAMS)


def precisions(counts: NgramCounts) -> list[float]:
    """In percent by order; the k-th order without a match counts as 1 / 2^k matches."""
    if not any(counts.matched):
        return [0.0] * ORDERS
    found, smooth = [0.0] * ORDERS, 1.0
    for order, (matched, total) in enumerate(zip(counts.matched, counts.total, strict=True)):
        if total == 0:
            break
        if matched == 0:
            smooth *= 2
        found[order] = 100.0 * matched / total if matched else 100.0 / (smooth * total)
    return found


def bleu(counts: NgramCounts, effective_order: bool = False) -> float:
    """BLEU in percent.

    Args:
        effective_order: leave out the orders that a short hypothesis cannot have, as is done for single sentences.
    """
    found = precisions(counts)
    orders = sum(total > 0 for total in counts.total) if effective_order else ORDERS
    if not any(counts.matched) or not all(found[:orders]):
        return 0.0
    return counts.brevity_penalty * math.exp(sum(math.log(p) for p in found[:orders]) / orders)


def _split(line: str) -> str:
    for pattern, spaced in _SPLITS:
        line = pattern.sub(spaced, line)
    return " ".join(line.split())


def _is_chinese(letter: str) -> bool:
    return any(first <= ord(letter) <= last for first, last in _CHINESE)


def _ngrams(words: Sequence[str], order: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(words[i : i + order]) for i in range(len(words) - order + 1))
