"""Spoken style by a chat model: believed where it says the same words, else the rules speak."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from soundflow.data.endpoints.asking import Asker
from soundflow.data.endpoints.chat import ask_endpoint
from soundflow.data.endpoints.config import EndpointConfig
from soundflow.data.voices.chat_rewrite import read_spoken, respoken
from soundflow.data.voices.dialogues import Dialogue, from_messages
from soundflow.testing.endpoint import INJECTION, LyingEndpoint
from tests.data.endpoints.honest import chat, patience

TYPED = "The **train** leaves at 9:30, see [the page](http://x.y)"


def said(text: str) -> str:
    return json.dumps({"text": text})


def test_a_better_wording_than_the_rules_is_taken() -> None:
    spoken = "The train leaves at half past nine, see the page"
    assert read_spoken(said(spoken), TYPED, "en") == spoken
    assert read_spoken(said("火车九点半开。"), "火车9点半开。", "zh") == "火车九点半开。"


@pytest.mark.parametrize(
    "answer",
    [
        "{",
        json.dumps({"text": "The train leaves", "note": "shortened"}),
        said("The **train** leaves at nine thirty, see the page"),
        said("The train leaves at 9 30, see the page"),
        said("The train leaves at nine\nthirty, see the page"),
        said("火车九点半开"),
        said(INJECTION),
        said("Sure! Which station do you leave from, and do you need a ticket for tomorrow?"),
        said(""),
    ],
)
def test_what_cannot_be_said_or_is_another_text_is_not_believed(answer: str) -> None:
    with pytest.raises(ValueError):
        read_spoken(answer, TYPED, "en")


def messages(folder: Path, count: int) -> list[Dialogue]:
    rows = [
        {
            "messages": [
                {"role": "user", "content": f"I have {n} cats & no dogs"},
                {"role": "assistant", "content": "Ok"},
            ]
        }
        for n in range(count)
    ]
    (folder / "m.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return [found for found in from_messages(folder / "m.jsonl", "m") if isinstance(found, Dialogue)]


def test_turns_are_rewritten_and_a_lie_leaves_them_to_the_rules(tmp_path: Path) -> None:
    def ask(system: str, user: str) -> str:
        text = json.loads(user)["text"]
        return said("I have one cat and no dogs") if "1 " in text else INJECTION

    asker = Asker(ask, tmp_path / "cache", retries=0)
    zero, one = respoken(messages(tmp_path, 2), asker)
    assert zero.turns == ("I have zero cats and no dogs",) and zero.written == ("I have 0 cats & no dogs",)
    assert one.turns == ("I have one cat and no dogs",)
    assert [refusal.question for refusal in asker.refusals] == ["spoken m/1/0"]


def test_a_liar_changes_no_word(tmp_path: Path) -> None:
    pytest.importorskip("openai", reason="openai is not installed")
    dialogues = messages(tmp_path, 30)
    with LyingEndpoint(chat, share=0.3) as liar:
        config = EndpointConfig(liar.url, "m", timeout_seconds=patience(liar))
        asker = Asker(ask_endpoint(config), tmp_path / "cache", pause=lambda seconds: None)
        assert respoken(dialogues, asker) == dialogues  # the honest answer is the rules' own
    assert len(asker.refusals) >= sum(count for name, count in liar.told.items() if name) > 5


def test_packaged_texts_are_not_asked_about(tmp_path: Path) -> None:
    asker = Asker(lambda system, user: said("x"), tmp_path)
    spoken = Dialogue("d/0", "en", ("good morning",))
    assert respoken([spoken], asker) == [spoken] and not asker.tally
