"""Each text source's published shape becomes turns of a user with their answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from soundflow.data.layouts.layout import Fault
from soundflow.data.layouts.texts import conversation, read_texts, to_messages
from soundflow.data.store.index import Conversation
from soundflow.data.voices.dialogues import from_messages
from soundflow.errors import InputError

HI, BYE = ("Hi.", "Hello."), ("Bye.", "See you.")
SHAPES: dict[str, tuple[dict[str, Any], tuple[tuple[str, str], ...]]] = {
    "messages": (
        {
            "messages": [
                {"role": "system", "content": "Be kind."},
                {"role": "user", "content": "Hi."},
                {"role": "assistant", "content": "Hello."},
            ]
        },
        (HI,),
    ),
    "magpie": (
        {
            "instruction": "Hi.",
            "response": "Hello.",
            "conversations": [{"from": "human", "value": "Hi."}, {"from": "gpt", "value": "Hello."}],
        },
        (HI,),
    ),
    "belle 3.5M": (
        {"id": "1", "conversations": [{"from": "human", "value": "Hi."}, {"from": "assistant", "value": "Hello."}]},
        (HI,),
    ),
    "belle chat": (
        {"instruction": "Human:Hi.\nAssistant:Hello.\nHuman:Bye.\nAssistant:", "input": "", "output": "See you."},
        (HI, BYE),
    ),
    "belle": ({"instruction": "Translate:", "input": "Hi.", "output": "你好。"}, (("Translate:\nHi.", "你好。"),)),
    "coig": (
        {"instruction": "Hi.", "input": "", "output": "Hello.", "task_type": {"major": ["问答"]}, "domain": ["通用"]},
        (HI,),
    ),
    "moss 003 without tools": (
        {
            "conversation_id": 1,
            "conversation": [{"human": "<|Human|>: Hi.<eoh>", "assistant": "<|MOSS|>: Hello.<eom>"}],
        },
        (HI,),
    ),
    "moss 003": (
        {
            "conversation_id": "2",
            "chat": {
                "turn_1": {
                    "Human": "<|Human|>: Hi.<eoh>\n",
                    "Inner Thoughts": "<|Inner Thoughts|>: None<eot>\n",
                    "Commands": "<|Commands|>: None<eoc>\n",
                    "MOSS": "<|MOSS|>: Hello.<eom>\n",
                }
            },
        },
        (HI,),
    ),
    "moss 002": (
        {
            "prefix": "MOSS is …",
            "num_turns": 2,
            "plain_text": "[Human]: Hi.<eoh> [MOSS]: Hello.<eoa> [Human]: Bye.<eoh> [MOSS]: See you.<eoa>",
        },
        (HI, BYE),
    ),
    "gammacorpus": (
        {"conversation": [{"input": "Hi.", "output": "Hello."}, {"input": "Bye.", "output": "See you."}]},
        (HI, BYE),
    ),
    "gammacorpus fact qa": ({"question": "Hi.", "answer": "Hello."}, (HI,)),
    "ultrachat": ({"id": "0", "data": ["Hi.", "Hello.", "Bye.", "See you."]}, (HI, BYE)),
    "web questions": ({"url": "x", "question": "Hi.", "answers": ["Hello.", "Hey."]}, (HI,)),
    "dureader": ({"question": "Hi.", "answers": {"text": ["Hello."], "answer_start": [3]}}, (HI,)),
    "squad": ({"question": "Hi.", "answers": [{"text": "Hello."}]}, (HI,)),
    "webqa": ({"input": "Hi.", "output": "Hello."}, (HI,)),
}


@pytest.mark.parametrize("name", SHAPES)
def test_a_shape(name: str) -> None:
    row, turns = SHAPES[name]
    assert conversation(row, "a/1") == Conversation("a/1", "en", turns)


def test_mandarin_is_known_by_its_signs() -> None:
    assert conversation({"question": "GPU 是什么？", "answer": "芯片"}, "a").language == "zh"
    assert conversation({"question": "Say 你好 to everybody, please.", "answer": "Hi"}, "a").language == "en"


def test_a_file_gives_what_is_right_and_says_what_is_not(tmp_path: Path) -> None:
    path = tmp_path / "chat.jsonl"
    lines = [
        json.dumps(SHAPES["ultrachat"][0]),
        "{broken",
        '{"title": "x"}',
        '{"messages": [{"role": "user", "content": "Hi"}, {"role": "user", "content": "Hm"}]}',
        '{"question": "Why?", "answer": ""}',
        "[1]",
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    first, *faults = read_texts(path)
    assert isinstance(first, Conversation) and first.id == "chat/1"
    reasons = [fault.reason for fault in faults if isinstance(fault, Fault)]
    assert [fault.where for fault in faults if isinstance(fault, Fault)] == [
        f"chat.jsonl, line {n}" for n in (2, 3, 4, 5, 6)
    ]
    assert "none of messages" in reasons[1] and "followed by one of 'user'" in reasons[2]
    assert "no turn of a user is answered" in reasons[3] or "answers" in reasons[3]


def test_one_array_and_parquet_are_read_too(tmp_path: Path) -> None:
    row = {"question": "Hi.", "answer": "Hello."}
    (tmp_path / "a.json").write_text(json.dumps([row, row]), encoding="utf-8")
    assert [item.id for item in read_texts(tmp_path / "a.json") if isinstance(item, Conversation)] == ["a/1", "a/2"]
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pyarrow.Table.from_pylist([row]), tmp_path / "b.parquet")
    assert list(read_texts(tmp_path / "b.parquet")) == [Conversation("b/1", "en", (HI,))]
    (tmp_path / "c.parquet").write_bytes(b"no table")
    with pytest.raises(InputError, match="no readable text"):
        list(read_texts(tmp_path / "c.parquet"))
    with pytest.raises(InputError, match="no readable text"):
        list(read_texts(tmp_path / "nothing.jsonl"))


def test_messages_are_what_voices_read(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    path.write_text(json.dumps(to_messages(Conversation("a/1", "en", (HI, BYE)))), encoding="utf-8")
    (dialogue,) = from_messages(path, "m")
    assert (
        not isinstance(dialogue, InputError)
        and dialogue.turns == ("Hi.", "Bye.")
        and dialogue.answers == ("Hello.", "See you.")
    )
