"""A review is of a round at least three back, and answered with that round's own words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from soundflow.data.endpoints.asking import Asker
from soundflow.data.voices.chat_review import read_review, with_reviews
from soundflow.data.voices.dialogues import Dialogue
from soundflow.testing.endpoint import INJECTION

TALK = Dialogue(
    "m/1",
    "en",
    ("I have dry yeast at home", "How much salt do I need", "And how hot should the oven be", "Thank you"),
    ("Then start two hours before.", "Ten grams.", "Two hundred and thirty degrees.", "You are welcome."),
)


def review(question: str = "Which ingredient do I have at home?", answer: str = "Dry yeast.", at: int = 0) -> str:
    return json.dumps({"round": at, "question": question, "answer": answer})


def test_a_believed_review_becomes_the_last_turn(tmp_path: Path) -> None:
    short = Dialogue("m/2", "en", ("hello",), ("Hi.",))
    found, same = with_reviews([TALK, short], Asker(lambda system, user: review(), tmp_path))
    assert found.turns[-1] == "Which ingredient do I have at home?" and found.answers[-1] == "Dry yeast."
    assert found.has_review and same == short


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("{", "JSON"),
        (review(at=2), "latest that may be asked about is 1"),
        (review(question="What did I say at 9?"), "cannot be said"),
        (review(answer="A sourdough."), "nothing of"),
        (review(answer=INJECTION), "nothing of"),
        (json.dumps({"round": 0, "question": "What?", "answer": "Yeast.", "sure": True}), "Extra inputs"),
        (review(answer="x" * 500), "at most 160"),
    ],
)
def test_reviews_that_are_not_believed(answer: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_review(answer, TALK)


def test_what_is_told_again_at_the_end_is_no_review() -> None:
    told_twice = Dialogue(
        "m/3", "en", (*TALK.turns[:3], "I forgot the yeast"), (*TALK.answers[:3], "You have dry yeast at home.")
    )
    with pytest.raises(ValueError, match="told again"):
        read_review(review(), told_twice)


def test_mandarin_is_held_by_its_characters() -> None:
    talk = Dialogue("m/4", "zh", ("我喜欢白菜猪肉馅", "要煮多久", "谢谢你"), ("好的", "七八分钟", "不客气"))
    told = json.dumps({"round": 0, "question": "我喜欢什么馅？", "answer": "白菜猪肉馅。"}, ensure_ascii=False)
    assert read_review(told, talk).round == 0


def test_a_liar_adds_nothing(tmp_path: Path) -> None:
    asker = Asker(lambda system, user: INJECTION, tmp_path, retries=1)
    assert with_reviews([TALK], asker) == [TALK]
    assert [refusal.question for refusal in asker.refusals] == ["review m/1"] * 2
