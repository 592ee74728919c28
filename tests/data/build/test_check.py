"""`data check`: what is wrong with somebody's lines, where, and how to mend it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from soundflow.data.build.check import check
from soundflow.errors import InputError
from tests.data.build.clips import write_clips


def found(path: Path) -> dict[tuple[int, str], str]:
    return {(p.line, p.field): f"{p.wrong} | {p.mend}" for p in check(path)}


def test_a_good_folder_has_no_problem(tmp_path: Path) -> None:
    assert found(write_clips(tmp_path)) == {}


def test_each_slip_is_found_where_it_is(tmp_path: Path) -> None:
    write_clips(tmp_path)
    lines = (tmp_path / "clips.jsonl").read_text().splitlines()

    def change(number: int, **more: Any) -> None:
        row = {**json.loads(lines[number - 1]), **more}
        lines[number - 1] = json.dumps({name: value for name, value in row.items() if value != "gone"})

    change(1, path="none.wav")
    change(2, label="sirene")
    change(3, kind="noise")
    change(4, seconds=99.0)
    change(5, id="siren0")
    change(6, path="../x.wav")
    change(7, label="gone", lable="siren")
    change(8, licence="gone")
    lines[8] = "{broken"
    (tmp_path / "clips.jsonl").write_text("\n".join(lines))
    problems = found(tmp_path)
    assert "no file none.wav" in problems[1, "path"]
    assert "did you mean 'siren'" in problems[2, "label"]
    assert "no kind" in problems[3, "kind"]
    assert "the file lasts" in problems[4, "seconds"]
    assert "stands in line 1 too" in problems[5, "id"]
    assert "leads out" in problems[6, "path"]
    assert "rename 'lable'" in problems[7, "label"]
    assert "missing" in problems[8, "licence"]
    assert "not a JSON object" in problems[9, ""]


def test_a_recording_in_two_splits_is_found(tmp_path: Path) -> None:
    write_clips(tmp_path)
    rows = [json.loads(line) for line in (tmp_path / "clips.jsonl").read_text().splitlines()]
    rows[0]["recording"] = rows[1]["recording"] = "r"
    rows[1]["split"] = "test"
    (tmp_path / "clips.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert "in train (line 1) and in test" in found(tmp_path)[2, "split"]


def test_messages_and_timelines_are_known_by_their_fields(tmp_path: Path) -> None:
    said = tmp_path / "said.jsonl"
    good = {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]}
    bad = {"messages": [{"role": "assistant", "content": "Hi"}, {"role": "user", "content": "Hello"}]}
    said.write_text(json.dumps(good) + "\n" + json.dumps(bad) + "\n")
    assert list(found(said)) == [(2, "messages[0].role")]
    line: dict[str, Any] = {"seconds": 4.0, "chunk_seconds": 0.4, "instruction": None, "task": "t", "events": []}
    line["nosie"] = []
    (tmp_path / "line.jsonl").write_text(json.dumps(line) + "\n")
    assert "did you mean 'noise'" in found(tmp_path / "line.jsonl")[1, "nosie"]
    (tmp_path / "odd.jsonl").write_text('{"a": 1}\n')
    assert "no kind of line" in found(tmp_path / "odd.jsonl")[0, ""]
    with pytest.raises(InputError, match="no readable lines"):
        found(tmp_path / "none.jsonl")
