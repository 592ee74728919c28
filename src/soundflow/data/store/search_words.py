"""Words as the full-text tables see them, and those of a query.

Tests: tests/data/store/test_search_words.py.
"""

from __future__ import annotations

import re

MOST_WORDS = 32  # of a query; SQLite's grammar for it is bounded too

# Mandarin has no spaces between its words: each sign is a word, and a run of them in a query is a phrase.
_SIGNS = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_PIECE = re.compile(rf"[{_SIGNS}]+|[^\W{_SIGNS}]+")


def indexed(text: str) -> str:
    """A text as it is put into a table: letters in runs, signs one by one.

    Example:
        `雨 rain下雨` becomes `雨 rain 下 雨`.
    """
    return " ".join(_phrase(piece) for piece in _PIECE.findall(text.lower()))


def phrases(text: str) -> list[str]:
    """The words of a query, each once and quoted, so that nothing in it is an operator; a run of signs is a phrase.

    Example:
        `下雨 rain` becomes `"下 雨"` and `"rain"`.
    """
    return [f'"{_phrase(piece)}"' for piece in list(dict.fromkeys(_PIECE.findall(text.lower())))[:MOST_WORDS]]


def _phrase(piece: str) -> str:
    return " ".join(piece) if re.match(f"[{_SIGNS}]", piece) else piece
