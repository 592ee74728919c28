"""History review by a chat endpoint: a last question whose answer was told at least three rounds earlier.

It is believed only where the answer's own words stand in that round and in none of the last ones. Source: paper,
appendix "Streaming Training" (Prompt A). Tests: tests/data/voices/test_chat_review.py.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field

from soundflow.data.endpoints.asking import Asker, Question
from soundflow.data.endpoints.prompts import prompt
from soundflow.data.voices.dialogues import Dialogue
from soundflow.data.voices.rewrite import spoken_style

ROUNDS_BACK = 3  # paper, appendix "Streaming Training"
MOST_CHARACTERS = 160  # of a question, and of its answer; chosen
SHORTEST_WORD = 4  # letters: shorter words are said in any round

_UNSAYABLE = re.compile(r"[\d*_`#|~<>{}\[\]\\\n]|https?:")


class ReviewAnswer(BaseModel):
    """A review as the endpoint must write it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    round: int = Field(ge=0)
    question: str = Field(min_length=4, max_length=MOST_CHARACTERS)
    answer: str = Field(min_length=1, max_length=MOST_CHARACTERS)


def with_reviews(dialogues: Sequence[Dialogue], asker: Asker) -> list[Dialogue]:
    """Dialogues of three rounds and more with a review at their end, where the endpoint was believed.

    Raises:
        OutsideError: the endpoint refuses us for good, or the cache cannot be written.
    """
    asked = [dialogue for dialogue in dialogues if len(dialogue.answers) >= ROUNDS_BACK]
    reviews = asker.answers([question(dialogue) for dialogue in asked])
    found = {d.name: review for d, review in zip(asked, reviews, strict=True) if review is not None}
    return [_reviewed(dialogue, found[dialogue.name]) if dialogue.name in found else dialogue for dialogue in dialogues]


def question(dialogue: Dialogue) -> Question[ReviewAnswer]:
    """What is asked about one dialogue."""
    rounds = [{"user": u, "answer": a} for u, a in zip(dialogue.turns, dialogue.answers, strict=True)]
    latest = len(rounds) - ROUNDS_BACK
    data = {"language": dialogue.language, "rounds": rounds, "latest_round": latest}
    return Question(f"review {dialogue.name}", prompt("voices/review"), data, lambda text: read_review(text, dialogue))


def read_review(text: str, dialogue: Dialogue) -> ReviewAnswer:
    """An answer as a review.

    Raises:
        ValueError: no JSON, another shape, a round too late, signs that cannot be said, or an answer that is not that
            round's alone.
    """
    review = ReviewAnswer.model_validate_json(text)
    latest = len(dialogue.turns) - ROUNDS_BACK
    if review.round > latest:
        raise ValueError(f"it asks about round {review.round}, the latest that may be asked about is {latest}")
    if sign := _UNSAYABLE.search(review.question):
        raise ValueError(f"{sign.group()!r} cannot be said: {review.question[:80]!r}")
    told = _words(f"{dialogue.turns[review.round]} {dialogue.answers[review.round]}")
    later = [*dialogue.turns[latest + 1 :], *dialogue.answers[latest + 1 :]]
    own = _words(review.answer) & told
    if not own:
        raise ValueError(f"nothing of {review.answer[:80]!r} was told in round {review.round}")
    if own <= _words(" ".join(later)):
        raise ValueError(f"{review.answer[:80]!r} is told again in the last rounds")
    return review


def _reviewed(dialogue: Dialogue, review: ReviewAnswer) -> Dialogue:
    return dataclasses.replace(
        dialogue,
        turns=(*dialogue.turns, spoken_style(review.question, dialogue.language)),
        answers=(*dialogue.answers, " ".join(review.answer.split())),
        has_review=True,
    )


def _words(text: str) -> set[str]:
    """The words that tell something: long ones, and pairs of characters in Mandarin."""
    han = re.findall(r"[一-鿿]+", text)
    pairs = {run[i : i + 2] for run in han for i in range(len(run) - 1)}
    return pairs | {
        word for word in re.findall(r"[^\W\d_]+", text.lower()) if len(word) >= SHORTEST_WORD and word.isascii()
    }
