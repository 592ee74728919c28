"""Items heard as streams: gaps, a tail, resuming, and sounds that are not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from soundflow.bench.public.items import Item, find_file, hear_items, read_table, sound_of, unanswered
from soundflow.bench.rows import read_answers
from soundflow.errors import InputError
from tests.bench.public.made import Talker, write_sounds


def test_a_stream_has_gaps_and_a_tail_and_replies_are_joined(tmp_path: Path) -> None:
    write_sounds(tmp_path, "a.wav", "b.wav")
    model = Talker("one", "two")
    item = Item("x", (tmp_path / "a.wav", tmp_path / "b.wav"), "Write it down.")
    assert list(hear_items(model, [item], tmp_path / "out.jsonl")) == [item]
    assert model.asked == [(0.1 + 0.4 + 0.1 + 2.0, "Write it down.")]
    assert read_answers(tmp_path / "out.jsonl").outputs == {"x": "one two"}


def test_a_second_run_goes_on_and_a_missing_sound_gets_no_row(tmp_path: Path) -> None:
    write_sounds(tmp_path, "a.wav", "b.wav")
    items = [Item(name, (tmp_path / f"{name}.wav",)) for name in "abc"]
    model, out = Talker("hi"), tmp_path / "out.jsonl"
    list(hear_items(model, items[:1], out))
    assert list(hear_items(model, items, out)) == items
    assert len(model.asked) == 2
    assert unanswered(items, read_answers(out)) == {"items": 3, "missing": ["c"], "empty": []}


def test_no_sound_at_all_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no recording"):
        list(hear_items(Talker(), [Item("a", (tmp_path / "a.wav",))], tmp_path / "out.jsonl"))


def test_a_common_voice_table_has_no_quotes(tmp_path: Path) -> None:
    path = tmp_path / "t.tsv"
    path.write_text('path\ttranslation\na.mp3\t"Hello\nb.mp3\tx\\\ty\n', encoding="utf-8")
    assert [row.text("translation") for row in read_table(path)] == ['"Hello', "x\ty"]


@pytest.mark.parametrize("text", ["", "a\tb\n"])
def test_a_table_without_rows_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "t.tsv").write_text(text)
    with pytest.raises(InputError):
        read_table(tmp_path / "t.tsv")


def test_sounds_are_found_where_publishers_put_them(tmp_path: Path) -> None:
    write_sounds(tmp_path, "clips/a.wav", "b.wav")
    assert sound_of(tmp_path, "a.mp3") == tmp_path / "clips" / "a.wav"
    assert sound_of(tmp_path, "./b.flac") == tmp_path / "b.wav"
    assert sound_of(tmp_path, "../../etc/c.wav") == tmp_path / "etc" / "c.wav", "never outside the folder"


def test_a_file_that_is_nowhere_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no x\.tsv and no x\.csv"):
        find_file(tmp_path, "x.tsv", "x.csv")
