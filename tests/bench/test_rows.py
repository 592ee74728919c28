"""JSON lines: strict reading names the place, lenient reading loses only what is broken."""

from __future__ import annotations

from pathlib import Path

import pytest

from soundflow.bench.rows import (
    OUTPUT_FIELDS,
    append_row,
    as_line,
    check_place,
    read_answers,
    read_rows,
    readable_rows,
    write_rows,
)
from soundflow.errors import InputError, OutsideError


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "rows.jsonl"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("field", OUTPUT_FIELDS)
def test_every_public_spelling_is_read(tmp_path: Path, field: str) -> None:
    assert read_answers(written(tmp_path, f'{{"id": 7, "{field}": "hello"}}')).outputs == {"7": "hello"}


def test_an_empty_field_gives_way_to_the_next(tmp_path: Path) -> None:
    """As in the released evaluator: `_raw_reply` where it holds something, else `reply`."""
    assert read_answers(written(tmp_path, '{"id": "a", "_raw_reply": "", "reply": "x"}')).outputs == {"a": "x"}


def test_what_is_broken_costs_only_itself(tmp_path: Path) -> None:
    lines = [
        '{"id": "a", "_raw_reply": null, "reply": "x"}',
        "{broken",
        "[1]",
        '{"output": "y"}',
        '{"id": "a", "output": "z"}',
    ]
    found = read_answers(written(tmp_path, "\n".join(lines)))
    assert found.outputs == {"a": "z"}, "of two rows with one id the last counts"
    assert (found.duplicates, found.without_id, found.broken) == (("a",), 1, ("line 2", "line 3"))


def test_strict_reading_names_the_line_and_the_field(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="line 2"):
        read_rows(written(tmp_path, '{"a": 1}\nnot json\n'))
    (row,) = read_rows(written(tmp_path, '{"a": 1, "b": ["x"]}\n'))
    assert row.texts("b") == ("x",) and row.answer("missing") == ""
    with pytest.raises(InputError, match=r"line 1: field 'a' holds 1, not text"):
        row.text("a")
    with pytest.raises(InputError, match="field 'c' is missing"):
        row.texts("c")


@pytest.mark.parametrize("text", ["", "\n\n"])
def test_a_file_without_rows_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError):
        read_rows(written(tmp_path, text))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read"):
        read_answers(tmp_path / "nowhere.jsonl")


def test_a_row_torn_by_a_kill_spoils_no_other(tmp_path: Path) -> None:
    path = written(tmp_path, '{"id": "a", "output": "x"}\n{"id": "b", "out')
    append_row(path, {"id": "c", "output": "z"})
    assert read_answers(path).outputs == {"a": "x", "c": "z"}


def test_rows_come_back_as_written(tmp_path: Path) -> None:
    rows = [{"id": "a", "text": "line\u2028with odd ends\x85"}]
    write_rows(tmp_path / "deep" / "out.jsonl", rows)
    assert [dict(row.values) for row in read_rows(tmp_path / "deep" / "out.jsonl")] == rows
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["out.jsonl"], "no temporary file is left"


def test_what_can_be_read_is_read(tmp_path: Path) -> None:
    rows = readable_rows(written(tmp_path, '{"a": 1}\n{torn\n{"b": 2}'))
    assert [(dict(row.values), row.where[-6:]) for row in rows] == [({"a": 1}, "line 1"), ({"b": 2}, "line 3")]
    assert readable_rows(tmp_path / "nowhere.jsonl") == []


def test_half_a_pair_of_surrogates_can_be_written_and_is_itself_when_read(tmp_path: Path) -> None:
    row = {"id": "a", "output": "hello \ud83d wörld"}
    assert as_line(row) == '{"id": "a", "output": "hello \\ud83d wörld"}'
    append_row(tmp_path / "a.jsonl", row)
    write_rows(tmp_path / "b.jsonl", [row])
    assert [read_rows(tmp_path / name)[0].values for name in ("a.jsonl", "b.jsonl")] == [row, row]


@pytest.mark.parametrize("place", ["file/rows.jsonl", "file/deep/rows.jsonl", "."])
def test_a_place_that_cannot_be_written_is_told_beforehand(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("kept")
    with pytest.raises(OutsideError, match="cannot write"):
        check_place(tmp_path / place)


def test_a_place_that_can_be_written_is_left_as_it_was(tmp_path: Path) -> None:
    check_place(tmp_path / "new" / "deep" / "rows.jsonl")
    (tmp_path / "rows.jsonl").write_text("old")
    check_place(tmp_path / "rows.jsonl")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("rows.jsonl", "old")]
