"""Questions: asked a bounded number of times, believed when read, kept when right, explained when not."""

from __future__ import annotations

from pathlib import Path

import pytest

from soundflow.data.endpoints.asking import MOST_ANSWER_CHARACTERS, MOST_OUTAGES, Asker, Question
from soundflow.errors import OutsideError


def number(text: str) -> int:
    """An answer as a number; a ValueError where it is none."""
    return int(text)


def question(data: int = 0) -> Question[int]:
    return Question(f"question {data}", "You count.", {"number": data}, number)


class Scripted:
    """Answers what it was told to, one after the other; an error is raised, the last one for ever."""

    def __init__(self, *answers: str | Exception) -> None:
        self.answers, self.asked = list(answers), 0

    def __call__(self, system: str, user: str) -> str:
        answer = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_a_wrong_answer_is_explained_and_asked_for_again(tmp_path: Path) -> None:
    asker = Asker(Scripted("seven", "7"), tmp_path)
    assert asker.answer(question()) == 7
    (refusal,) = asker.refusals
    assert (refusal.question, refusal.attempt, refusal.code) == ("question 0", 0, "not believed")
    assert "seven" in refusal.reason and asker.tally == {"right": 1, "not believed": 1}


def test_patience_ends_and_what_was_wrong_is_not_kept(tmp_path: Path) -> None:
    ask = Scripted("no")
    asker = Asker(ask, tmp_path, retries=2)
    assert asker.answer(question()) is None
    assert ask.asked == 3 and asker.tally == {"given up": 1, "not believed": 3}
    assert not list(tmp_path.rglob("*.json"))


def test_a_right_answer_is_asked_for_once_for_each_model_and_datum(tmp_path: Path) -> None:
    ask = Scripted("1", "2", "3")
    assert [Asker(ask, tmp_path).answer(question()) for _ in range(3)] == [1, 1, 1]
    assert Asker(ask, tmp_path, model="other").answer(question()) == 2
    assert Asker(ask, tmp_path).answer(question(5)) == 3
    gone = Asker(Scripted(OutsideError("endpoint.broken", "gone")), tmp_path, pause=lambda seconds: None)
    assert gone.answers([question(), question(5)]) == [1, 3]  # deterministic given the cache
    assert gone.tally["out of the cache"] == 2


def test_a_cache_somebody_wrote_into_is_asked_again(tmp_path: Path) -> None:
    Asker(Scripted("1"), tmp_path).answer(question())
    (path,) = tmp_path.rglob("*.json")
    path.write_text("rm -rf")
    assert Asker(Scripted("2"), tmp_path).answer(question()) == 2


def test_an_outage_is_waited_for_longer_each_time(tmp_path: Path) -> None:
    pauses: list[float] = []
    busy = OutsideError("endpoint.429", "slow down")
    asker = Asker(Scripted(busy, busy, "x", "4"), tmp_path, pause=pauses.append)
    assert asker.answer(question()) == 4
    assert pauses == [1.0, 2.0]  # nobody waits after an answer that was merely wrong


def test_nobody_asks_a_dead_endpoint_for_ever(tmp_path: Path) -> None:
    ask = Scripted(OutsideError("endpoint.timeout", "no answer"))
    asker = Asker(ask, tmp_path, retries=0, pause=lambda seconds: None)
    assert asker.answers([question(n) for n in range(200)]) == [None] * 200
    assert MOST_OUTAGES <= ask.asked < 2 * MOST_OUTAGES + 8
    assert asker.tally["not asked"] == 200 - ask.asked and len(asker.refusals) == 200


def test_a_wrong_key_ends_it_at_once(tmp_path: Path) -> None:
    asker = Asker(Scripted(OutsideError("endpoint.401", "who are you")), tmp_path)
    with pytest.raises(OutsideError, match="who are you"):
        asker.answers([question(n) for n in range(3)])


def test_a_flood_is_not_read_and_reasons_stay_one_line(tmp_path: Path) -> None:
    asker = Asker(Scripted("9" * (MOST_ANSWER_CHARACTERS + 1), "a\nb\x07" * 200), tmp_path, retries=1)
    assert asker.answer(question()) is None
    assert "characters" in asker.refusals[0].reason
    assert "\n" not in asker.refusals[1].reason and len(asker.refusals[1].reason) <= 300


def test_refusals_come_in_the_questions_order(tmp_path: Path) -> None:
    asker = Asker(Scripted("no"), tmp_path, retries=1)
    asker.answers([question(n) for n in range(20)])
    assert [refusal.question for refusal in asker.refusals] == [f"question {n}" for n in range(20) for _ in range(2)]


def test_the_same_question_is_asked_once_in_a_batch(tmp_path: Path) -> None:
    ask = Scripted("1", "2", "3")
    assert Asker(ask, tmp_path).answers([question(), question(), question()]) == [1, 1, 1]
    assert ask.asked == 1
