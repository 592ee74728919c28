"""Words and queries as the full-text tables take them."""

from __future__ import annotations

import sqlite3

from hypothesis import given
from hypothesis import strategies as st

from soundflow.data.store.search_words import indexed, phrases


def test_mandarin_signs_stand_alone_and_a_run_of_them_is_a_phrase() -> None:
    assert indexed("雨 rain下雨, Dog-bark") == "雨 rain 下 雨 dog bark"
    assert phrases("下雨 rain rain AND") == ['"下 雨"', '"rain"', '"and"'] and phrases(" ?! ") == []


@given(st.text())
def test_any_text_is_a_query_that_is_understood(text: str) -> None:
    base = sqlite3.connect(":memory:")
    base.execute("CREATE VIRTUAL TABLE words USING fts5(text, content='', tokenize='porter unicode61')")
    base.execute("INSERT INTO words(rowid, text) VALUES (1, ?)", (indexed(text),))
    for query in phrases(text):
        base.execute("SELECT rowid FROM words WHERE words MATCH ?", (query,)).fetchall()
