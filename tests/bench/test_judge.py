"""Judges: what an endpoint is asked, what is stored, and what is never asked twice."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from soundflow.bench.judge import Judge, Kind, endpoint_judge, judge_rows, stand_in_judge
from soundflow.bench.rows import Row, read_rows
from soundflow.errors import OutsideError

ROW = Row({"id": "a", "prompt": "Where {is} it?", "reference": "Paris", "response": "In Paris."}, "row 1")


class Chat:
    """Gives so many choices a call, and remembers the calls."""

    def __init__(self, each: int, text: str = " Yes\n") -> None:
        self.each, self.text = each, text
        self.calls: list[tuple[str, Mapping[str, Any]]] = []

    def __call__(self, path: str, body: Mapping[str, Any]) -> Any:
        self.calls.append((path, body))
        return {"choices": [{"message": {"content": self.text}}] * min(self.each, body["n"])}


def test_three_verdicts_in_one_call() -> None:
    chat = Chat(3)
    assert endpoint_judge("m", chat).ask("qa", ROW) == ("Yes",) * 3
    ((path, body),) = chat.calls
    assert (path, body["model"], body["n"], body["temperature"], body["top_p"]) == (
        "/chat/completions",
        "m",
        3,
        0.5,
        0.95,
    )
    text = body["messages"][1]["content"]
    assert "Where {is} it?" in text and "Paris" in text and "In Paris." in text


def test_an_endpoint_that_gives_one_at_a_time_is_asked_on() -> None:
    chat = Chat(1, "4")
    assert endpoint_judge("m", chat).ask("open", ROW) == ("4",) * 3
    assert [(body["n"], body["seed"]) for _, body in chat.calls] == [(3, 0), (2, 1), (1, 2)]
    assert "[Reference]" not in chat.calls[0][1]["messages"][1]["content"]


@pytest.mark.parametrize("answer", [None, {}, {"choices": []}, {"choices": [{}]}])
def test_an_answer_without_a_verdict_is_the_endpoints_fault(answer: Any) -> None:
    with pytest.raises(OutsideError):
        endpoint_judge("m", lambda path, body: answer).ask("qa", ROW)


def test_a_verdict_is_stored_with_its_judge_and_not_asked_again(tmp_path: Path) -> None:
    chat, out = Chat(3), tmp_path / "v.jsonl"
    judge = endpoint_judge("m", chat)
    assert judge_rows(judge, "qa", [ROW], out) == judge_rows(judge, "qa", [ROW], out)
    assert len(chat.calls) == 1
    (stored,) = read_rows(out)
    assert stored.values["score"] == ["Yes"] * 3 and stored.values["judge"]["temperature"] == 0.5
    judge_rows(judge, "qa", [Row({**ROW.values, "response": "In Rome."}, "row 1")], out)
    judge_rows(endpoint_judge("other", chat), "qa", [ROW], out)
    assert len(chat.calls) == 3, "another answer and another judge are asked anew"


def test_what_was_said_before_a_failure_is_kept(tmp_path: Path) -> None:
    rows = [Row({**ROW.values, "id": str(number)}, "") for number in range(3)]

    def ask(kind: Kind, row: Row) -> tuple[str, ...]:
        if row.text("id") == "2":
            raise OutsideError("endpoint.away", "gone")
        return ("yes",)

    with pytest.raises(OutsideError):
        judge_rows(Judge({"name": "fake"}, ask), "qa", rows, tmp_path / "v.jsonl")
    assert [row.text("id") for row in read_rows(tmp_path / "v.jsonl")] == ["0", "1"]


def test_a_torn_line_is_judged_again(tmp_path: Path) -> None:
    (tmp_path / "v.jsonl").write_text('{"id": "a", "sco')
    assert judge_rows(stand_in_judge(), "qa", [ROW], tmp_path / "v.jsonl")[0].values["score"] == ["yes"] * 3


def test_the_stand_in_says_what_it_is() -> None:
    judge = stand_in_judge()
    assert judge.about["stand_in"] is True
    assert judge.ask("open", Row({"response": ""}, "")) == ("1",) * 3
    assert judge.ask("qa", Row({**ROW.values, "response": ""}, "")) == ("no",) * 3
