"""Outputs in tags: examples of each rule, properties, and the released parser's own verdicts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundflow.bench.scorers.tags import read_output, write_output
from tests.bench.published import golden_rows


@pytest.mark.parametrize(
    ("text", "decision", "reply"),
    [
        ("<Decision>RESPOND</Decision>\n<Reply>Careful.</Reply>", "RESPOND", "Careful."),
        ("< decision >ignore< / DECISION >", "IGNORE", ""),
        ("<Decision>RESPONDING</Decision>", "", ""),  # no whole word
        ("<Decision></Decision><Decision>RESPOND</Decision>", "", ""),  # only the first block counts
        ("<Decision>DON'T RESPOND</Decision>", "RESPOND", ""),  # words are found, not understood
        ("No Reply", "", ""),
        ("<Decision>İGNORE</Decision>", "", ""),  # matches without case, is neither word
    ],
)
def test_each_rule(text: str, decision: str, reply: str) -> None:
    found = read_output(text)
    assert (found.decision, found.reply) == (decision, reply)


def test_an_error_is_seen_with_its_case() -> None:
    assert read_output("  Error: <Decision>IGNORE</Decision>").failed
    assert not read_output("error: <Decision>IGNORE</Decision>").failed


@given(st.text(st.characters(exclude_characters="<>")))
def test_what_is_written_is_read_back(reply: str) -> None:
    found = read_output(write_output(reply))
    assert (found.decision, found.reply, found.failed) == ("RESPOND", reply.strip(), False)
    assert read_output(write_output(None)).decision == "IGNORE"


@given(st.lists(st.sampled_from(["<Decision>", "</Decision>", "<Reply>", "</Reply>", "RESPOND", "IGNORE", " ", "x"])))
def test_no_decision_is_right_for_both(parts: list[str]) -> None:
    found = read_output("".join(parts))
    assert not (found.is_right("RESPOND") and found.is_right("IGNORE"))
    assert found.is_right("RESPOND") or found.is_right("IGNORE") or found.decision == ""


def test_equal_to_the_released_parser() -> None:
    for row in golden_rows("psb_parse.jsonl"):
        found = read_output(row["raw"])
        assert (found.decision, found.reply) == (row["decision"], row["reply"]), row
        assert found.is_right("RESPOND") == row["correct_if_RESPOND"], row
        assert found.is_right("IGNORE") == row["correct_if_IGNORE"], row
        assert found.kept_by_released == row["kept_by_released_filter"], row
