"""Words as the full-text tables see them, and a query in their language.

Tests: tests/data/store/test_search_words.py.
"""

from __future__ import annotations

import re

# Mandarin has no spaces between its words: each sign is a word, and a run of them in a query is a phrase.
_SIGNS = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_PIECE = re.compile(rf"[{_SIGNS}]+|[^\W{_SIGNS}]+")


def indexed(text: str) -> str:
    """A text as it is put into a table: letters in runs, signs one by one.

    Example:
        `雨 rain下雨` becomes `雨 rain 下 雨`.
    """
    return " ".join(_phrase(piece) for piece in _PIECE.findall(text.lower()))


def queries(text: str) -> list[str]:
    """What is asked of a table, the strictest first: every word, then any of them; nothing when there is no word."""
    words = [f'"{_phrase(piece)}"' for piece in dict.fromkeys(_PIECE.findall(text.lower()))]
    if not words:
        return []
    return [" AND ".join(words), *([" OR ".join(words)] if len(words) > 1 else [])]


def _phrase(piece: str) -> str:
    return " ".join(piece) if re.match(f"[{_SIGNS}]", piece) else piece
