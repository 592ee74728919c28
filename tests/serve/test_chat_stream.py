"""Streamed chat completions, cut anywhere, and what is none."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundflow.serve.chat_stream import pieces_of


def chunk(delta: Any, reason: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    return b"data: " + json.dumps({"choices": [choice]}, ensure_ascii=False).encode() + b"\n\n"


WHOLE = b"".join(
    [
        b": a comment\r\n\r\n",
        chunk({"role": "assistant", "content": None}),
        chunk({"reasoning_content": "hm"}),
        chunk({"content": "Ça "}),
        chunk({"content": "brûle."}),
        chunk({}, "stop"),
        b'data: {"choices": [], "usage": {"total_tokens": 7}}\n\n',
        b"data: [DONE]\n\n",
    ]
)


@given(st.lists(st.integers(0, len(WHOLE)), max_size=20))
def test_any_cutting_gives_the_same_text(cuts: list[int]) -> None:
    borders = [0, *sorted(cuts), len(WHOLE)]
    blocks = [WHOLE[start:end] for start, end in itertools.pairwise(borders)]
    assert [piece for piece in pieces_of(blocks) if piece] == ["Ça ", "brûle."]


def test_whatever_holds_no_text_is_a_sign_of_life() -> None:
    living = pieces_of([b": a comment\n", chunk({"reasoning_content": "hm"}), chunk({"content": 7}), chunk(None)])
    assert [next(living) for _ in range(7)] == [""] * 7


@pytest.mark.parametrize(
    "body",
    [
        b"",
        chunk({"content": "The win"}),
        chunk({"content": "The win"}) + b"data: {",
        b"data: [DONE]\n\n",
        b"data: [1, 2]\n\n",
        b'data: {"choices": 3}\n\n',
        b'data: {"error": {"message": "no"}}\n\n',
        b"data: {this is no json\n\n",
        b"data: \xff\n\n",
        b"x" * ((1 << 20) + 1),
    ],
)
def test_what_is_no_whole_answer_is_an_error(body: bytes) -> None:
    with pytest.raises(ValueError):
        list(pieces_of([body]))
