"""Tables by row, and one array of a large file, without ever holding the whole."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundflow.data.layouts import tables
from soundflow.data.layouts.tables import comma_rows, json_array, tab_rows, text_lines
from soundflow.errors import InputError
from tests.data.layouts.forms import text


def test_quotes_matter_between_commas_and_not_between_tabs(tmp_path: Path) -> None:
    comma = text(tmp_path / "a.csv", "name,said", 'ann,"one, two"')
    tab = text(tmp_path / "a.tsv", "name\tsaid", 'ann\t"one')
    assert list(comma_rows(comma)) == [(2, {"name": "ann", "said": "one, two"})]
    assert list(tab_rows(tab)) == [(2, {"name": "ann", "said": '"one'})]


def test_lines_are_counted_and_empty_ones_passed_over(tmp_path: Path) -> None:
    assert list(text_lines(text(tmp_path / "a.txt", "one", "", "three"))) == [(1, "one"), (3, "three")]


@pytest.mark.parametrize("read", [tab_rows, comma_rows, text_lines])
def test_what_cannot_be_read_is_one_error(tmp_path: Path, read: object) -> None:
    assert callable(read)
    with pytest.raises(InputError, match="no readable table"):
        list(read(tmp_path / "nothing"))
    (tmp_path / "bytes").write_bytes(b"a\tb\n\xff\xfe\n")
    with pytest.raises(InputError, match="no readable table"):
        list(read(tmp_path / "bytes"))


VALUES = st.lists(
    st.fixed_dictionaries({"a": st.text(), "b": st.lists(st.integers() | st.text(max_size=3), max_size=3)}), max_size=6
)


@given(rows=VALUES, block=st.integers(1, 40), indent=st.sampled_from([None, 2]))
def test_an_array_comes_out_as_it_went_in(
    tmp_path_factory: pytest.TempPathFactory, rows: list[object], block: int, indent: int | None
) -> None:
    path = tmp_path_factory.mktemp("json") / "a.json"
    path.write_text(json.dumps({"version": "1", "audios": rows, "more": [1]}, indent=indent), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "_BLOCK", block)
        assert list(json_array(path, "audios")) == list(enumerate(rows, start=1))


def test_an_array_that_breaks_off_says_where(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"audios": [{"a": 1}, {"a": ', encoding="utf-8")
    with pytest.raises(InputError, match="breaks off in 'audios', item 2"):
        list(json_array(path, "audios"))
    with pytest.raises(InputError, match="no array 'other'"):
        list(json_array(path, "other"))
