"""Questions that are asked a bounded number of times and believed only after their answer was read.

Right answers are kept on disk by a hash of what was asked: asked once, the same ever after. Every answer that was not
believed is explained. Knows nothing of HTTP. Tests: tests/data/endpoints/test_asking.py.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from soundflow.atomic import write_text
from soundflow.data.endpoints.client import HOPELESS
from soundflow.errors import OutsideError

Answer = TypeVar("Answer")
Ask = Callable[[str, str], str]  # (what the endpoint is, what is asked) to the text of its answer

RETRIES = 3  # of one question, the first asking not counted; chosen
FIRST_PAUSE_SECONDS = 1.0  # after an outage, doubled each time
CONCURRENCY = 8  # questions that wait for their answer at once
MOST_ANSWER_CHARACTERS = 20_000
MOST_REASON_CHARACTERS = 300
MOST_ERRORS = 3  # of one answer's schema, told
MOST_OUTAGES = 8  # questions in a row that nobody answered: the rest is not asked any more


@dataclass(frozen=True)
class Question(Generic[Answer]):
    """One thing to ask.

    Args:
        name: what it is called where an answer is explained.
        prompt: what the endpoint is and does; a text file's content.
        data: what is asked about, sent as JSON: data stays data whatever it says.
        read: the answer's text to its meaning; a ValueError says why it is not believed.
    """

    name: str
    prompt: str
    data: Mapping[str, Any]
    read: Callable[[str], Answer]


@dataclass(frozen=True)
class Refusal:
    """An answer that was not believed, or did not come; `code` for counting, `reason` as a sentence."""

    question: str
    attempt: int
    code: str
    reason: str

    def to_row(self) -> dict[str, Any]:
        """Plain values, for a quarantine file."""
        return asdict(self)


@dataclass
class Asker:
    """Asks, with a cache on disk and bounded patience.

    Args:
        ask: the endpoint, as a function; `chat.ask_endpoint` makes one.
        cache: the folder of right answers.
        model: part of what an answer is kept under.
        pause: waits so many seconds after an outage, before the same question is asked again.
    """

    ask: Ask
    cache: Path
    model: str = ""
    retries: int = RETRIES
    pause: Callable[[float], None] = time.sleep
    tally: Counter[str] = field(default_factory=Counter)
    refusals: list[Refusal] = field(default_factory=list)
    _outages: int = field(default=0, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def answer(self, question: Question[Answer]) -> Answer | None:
        """One answer that was believed; None when there never was one.

        Raises:
            OutsideError: the endpoint refuses us for good (401, 403, 404), or the cache cannot be written.
        """
        return self.answers([question])[0]

    def answers(self, questions: Sequence[Question[Answer]]) -> list[Answer | None]:
        """Many at once, in the questions' order; refusals are told in that order too.

        The same question is asked once: two that were answered otherwise would leave the cache to chance.

        Raises:
            OutsideError: as `answer`.
        """
        places = [self._place(question) for question in questions]
        asked = dict(zip(reversed(places), reversed(questions), strict=True))  # the first of equal ones
        order = list(dict.fromkeys(places))
        with ThreadPoolExecutor(CONCURRENCY) as pool:
            found = dict(zip(order, pool.map(self._answered, [asked[place] for place in order]), strict=True))
        for answer, refusals, is_known in found.values():
            self.tally["right" if answer is not None else "given up"] += 1
            self.tally["out of the cache"] += is_known
            self.tally.update(refusal.code for refusal in refusals)
            self.refusals += refusals
        self.tally += Counter()  # what was counted 0 times is not told
        return [found[place][0] for place in places]

    def _answered(self, question: Question[Answer]) -> tuple[Answer | None, list[Refusal], bool]:
        place = self._place(question)
        try:
            return question.read(place.read_text(encoding="utf-8")), [], True
        except (OSError, ValueError):
            pass  # nobody asked yet, or somebody wrote into the cache
        refusals: list[Refusal] = []
        for attempt in range(1 + self.retries):
            if self._outages >= MOST_OUTAGES:
                reason = f"{MOST_OUTAGES} questions in a row found nobody there"
                return None, [*refusals, Refusal(question.name, attempt, "not asked", reason)], False
            if refusals and refusals[-1].code.startswith("endpoint."):
                self.pause(FIRST_PAUSE_SECONDS * 2 ** (attempt - 1))
            found, refusal = self._once(question, attempt)
            if refusal is None:
                store(place, found[0])
                return found[1], refusals, False
            refusals.append(refusal)
        with self._lock:
            self._outages += refusals[-1].code.startswith("endpoint.")
        return None, refusals, False

    def _once(self, question: Question[Answer], attempt: int) -> Any:
        """((text, meaning), None) where it was believed, else (None, why not)."""
        try:
            text = self.ask(question.prompt, json.dumps(question.data, ensure_ascii=False))
            if len(text) > MOST_ANSWER_CHARACTERS:
                raise ValueError(f"an answer of {len(text)} characters")
            meaning = question.read(text)
        except OutsideError as error:
            if error.code in HOPELESS:
                raise
            return None, Refusal(question.name, attempt, error.code, _one_line(str(error)))
        except ValueError as error:
            self._somebody_answered()
            return None, Refusal(question.name, attempt, _kind(error), _one_line(_why(error)))
        self._somebody_answered()
        return (text, meaning), None

    def _somebody_answered(self) -> None:
        with self._lock:
            self._outages = 0

    def _place(self, question: Question[Any]) -> Path:
        asked = json.dumps(question.data, ensure_ascii=False, sort_keys=True)
        key = hashlib.sha256(f"{self.model}\0{question.prompt}\0{asked}".encode()).hexdigest()
        return self.cache / key[:2] / f"{key}.json"


def store(place: Path, text: str) -> None:
    """Keep an answer: to a name of its own first, then renamed.

    Raises:
        OutsideError: the disk refuses (`endpoint.cache`).
    """
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        write_text(place, text)
    except OSError as error:
        hint = "check the space left"
        raise OutsideError("endpoint.cache", f"cannot write {place}: {error.strerror}", hint) from error


def _kind(error: ValueError) -> str:
    """A word to count by."""
    if isinstance(error, ValidationError):
        return "invalid JSON" if error.errors()[0]["type"] == "json_invalid" else "wrong schema"
    return "not believed"


def _why(error: ValueError) -> str:
    """What is wrong: of a schema's errors the first few, without the library's own advice."""
    if not isinstance(error, ValidationError):
        return str(error)
    wrong = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()[:MOST_ERRORS]]
    return "; ".join(wrong)


def _one_line(text: str) -> str:
    """What an endpoint wrote never breaks a line of ours, nor fills a page."""
    return " ".join(text.split())[:MOST_REASON_CHARACTERS]
