"""A line ends at a line feed and nowhere else."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from soundflow.data.json_lines import lines_of, whole_objects


def test_signs_that_end_a_line_elsewhere_stay_in_their_text(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes('{"a": "one\u2028two\u0085three"}\r\n\n{"b": 1}\n'.encode())
    assert lines_of(path) == ['{"a": "one\u2028two\u0085three"}', "", '{"b": 1}']
    path.write_text("")
    assert lines_of(path) == []
    path.write_text("no end")
    assert lines_of(path) == ["no end"]


@given(texts=st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=5))
def test_what_was_written_is_read(tmp_path_factory, texts: list[str]) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path_factory.mktemp("lines") / "rows.jsonl"
    path.write_text("".join(json.dumps(text, ensure_ascii=False) + "\n" for text in texts), encoding="utf-8")
    assert [json.loads(line) for line in lines_of(path)] == texts


def test_half_a_line_costs_no_other(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"a": 1}\n[2]\n{"a": 3}\n{"a": ')
    assert whole_objects(path) == [{"a": 1}, {"a": 3}]
