"""Slips in lines of text, of StreamAudio-2M and of the release are found in line and field, with a way to mend."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from soundflow.data.build.check import check
from soundflow.data.import_lines import import_file
from tests.data.test_import_lines import nothing, published, sounds
from tests.data.test_published_lines import line

GOOD = {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]}


def found(path: Path) -> dict[tuple[int, str], str]:
    """What is wrong by line and field."""
    return {(p.line, p.field): f"{p.wrong} | {p.mend}" for p in check(path)}


def written(path: Path, *rows: Any) -> Path:
    """A file of lines; a text is written as it is."""
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows), encoding="utf-8")
    return path


def said(*turns: dict[str, str]) -> dict[str, Any]:
    """A line of messages."""
    return {"messages": list(turns)}


USER, ANSWER = {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}


@pytest.mark.parametrize(
    ("row", "field", "says"),
    [
        (said({"rol": "user", "content": "Hi"}, ANSWER), "messages[0].role", "rename 'rol'"),
        (said(USER, {"role": "assistant"}), "messages[1].content", "missing or empty | add 'content'"),
        (said(USER, USER, ANSWER), "messages[1].role", "where an assistant is expected"),
        (said({"role": "robot", "content": "x"}), "messages[0].role", "'robot' is no role"),
        (said({"role": "system", "content": "Be kind."}, USER), "messages", "no turn of a user is answered"),
        ({"messages": "Hi"}, "messages", "expected a list of turns"),
        ({"messages": ["Hi"]}, "messages[0]", "expected an object"),
        ({"conversations": [{"from": "gpt", "value": "x"}]}, "conversations[0].from", "where a user is expected"),
        ({"instruction": "Hi"}, "response", "it is missing"),
        ({"question": "Why?", "answers": []}, "question", ""),
        ({"data": ["only one"]}, "data", "no turn of a user is answered"),
        ("{broken", "", "not a JSON object"),
    ],
)
def test_a_slip_in_a_text(tmp_path: Path, row: Any, field: str, says: str) -> None:
    problems = found(written(tmp_path / "a.jsonl", GOOD, "", row, GOOD))
    assert list(problems) == [(3, field)] and says in problems[3, field]


def test_good_lines_have_no_problem(tmp_path: Path) -> None:
    assert (
        found(
            written(
                tmp_path / "a.jsonl",
                GOOD,
                {"conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]},
            )
        )
        == {}
    )
    path = published(tmp_path, line())
    assert found(path) == {}
    import_file(path, tmp_path / "ours.jsonl", None, None, nothing)
    assert found(tmp_path / "ours.jsonl") == {}


def test_a_slip_in_a_published_line(tmp_path: Path) -> None:
    lost = line(id="b")
    lost["turns"][0] = {**lost["turns"][0], "audio_path": "gone.wav"}
    lost["turns"][1] = {**lost["turns"][1], "audio_path": "../out.wav"}
    problems = found(published(tmp_path, line(), line(num_turns=3), lost, line(speaker="x")))
    assert "write 2" in problems[2, "num_turns"] and "no file gone.wav" in problems[3, "turns[0].audio_path"]
    assert "leads out" in problems[3, "turns[1].audio_path"] and (4, "speaker") in problems and len(problems) == 4


def test_a_slip_in_a_line_of_the_release(tmp_path: Path) -> None:
    sounds(tmp_path, "a.wav")
    turn = {"audio_path": "a.wav", "assistant": "Hi."}
    rows = [
        {"conversation": [turn]},
        {"conversation": [{"audio_path": "a.wav"}]},
        {"merge_path": "b.wav", "assistant": "x"},
    ]
    problems = found(written(tmp_path / "a.jsonl", *rows))
    assert set(problems) == {(2, "assistant"), (3, "merge_path")}


def test_a_damaged_import_and_an_unknown_kind(tmp_path: Path) -> None:
    assert set(found(written(tmp_path / "a.jsonl", {"key": "a", "timeline": {}, "beside": {}}))) == {(1, "timeline")}
    problems = found(written(tmp_path / "b.jsonl", {"colour": "red"}))
    assert "no kind of line" in problems[0, ""] and "path and label" in problems[0, ""]
