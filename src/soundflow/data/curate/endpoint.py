"""Curation by a chat endpoint: scenarios and refinement as JSON that is believed only after it was checked.

Whatever the endpoint says, only labels there are clips for come through; a caption is data, never an instruction. An
answer that stays wrong is explained, and the grammar plans in its place. Source: paper, section 3.2 and appendix
"Streaming Data Construction" (JSON mode, temperature 0.7). Tests: tests/data/curate/test_endpoint.py.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from soundflow.data.curate.planner import Scenario, SubEvent
from soundflow.errors import InputError, OutsideError

TEMPERATURE = 0.7  # paper, appendix
RETRIES = 3  # of one question, the first asking not counted; chosen
TIMEOUT_SECONDS = 60.0
MOST_ANSWER_CHARACTERS = 20_000
MOST_TOKENS = 2000

Ask = Callable[[str, str], str]  # (what the endpoint is, what is asked) to the text of its answer


class PlannedEvent(BaseModel):
    """One sub-event as the endpoint must write it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    label: str = Field(min_length=1, max_length=60)
    role: Literal["foreground", "background", "ambient"]


class PlannedScenario(BaseModel):
    """A scenario as the endpoint must write it; 3 to 15 sub-events."""

    model_config = ConfigDict(extra="forbid", strict=True)

    place: str = Field(min_length=1, max_length=60, pattern=r"^[A-Za-z][A-Za-z ,'-]*$")
    sub_events: list[PlannedEvent] = Field(min_length=3, max_length=15)


@dataclass(frozen=True)
class Endpoint:
    """An OpenAI-compatible chat endpoint. The key is read by the `openai` client from its own variable unless given."""

    url: str
    model: str
    key: str | None = None
    timeout_seconds: float = TIMEOUT_SECONDS


@dataclass
class Curator:
    """Plans scenarios by asking, with a cache on disk and bounded patience.

    Args:
        ask: the endpoint, as a function; `ask_endpoint` makes one.
        labels: the only labels that come through.
        cache: answers that were right, by a hash of what was asked; asked once, the same ever after.
    """

    ask: Ask
    labels: Collection[str]
    cache: Path
    model: str = ""
    retries: int = RETRIES
    tally: Counter[str] = field(default_factory=Counter)
    explained: list[str] = field(default_factory=list)

    def scenario(self, annotations: Sequence[str], number: int) -> Scenario | None:
        """One scenario out of a bag of annotations; None when the endpoint never gave a right one.

        Args:
            annotations: labels drawn at random; nothing they say is obeyed.
            number: which of several scenarios over the same bag.
        """
        asked = _question(annotations, sorted(self.labels), number)
        key = hashlib.sha256(f"{self.model}\0{_prompt()}\0{asked}".encode()).hexdigest()
        place = self.cache / key[:2] / f"{key}.json"
        try:
            return self._believed(place.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            pass
        for _ in range(1 + self.retries):
            found = self._once(asked)
            if found is not None:
                _store(place, found[0])
                self.tally["right"] += 1
                return found[1]
        self.tally["given up"] += 1
        return None

    def scenarios(self, bags: Sequence[Sequence[str]], concurrency: int = 8) -> list[Scenario | None]:
        """Many at once, in the bags' order."""
        with ThreadPoolExecutor(concurrency) as pool:
            return list(pool.map(self.scenario, bags, range(len(bags))))

    def _once(self, asked: str) -> tuple[str, Scenario] | None:
        try:
            text = self.ask(_prompt(), asked)
            return text, self._believed(text)
        except (OutsideError, ValueError) as error:
            code = error.code if isinstance(error, OutsideError) else _kind(error)
            self.tally[code] += 1
            self.explained.append(f"{code}: {error}"[:300])
            return None

    def _believed(self, text: str) -> Scenario:
        """An answer as a scenario.

        Raises:
            ValueError: no JSON, another shape, or a label nobody has.
        """
        if len(text) > MOST_ANSWER_CHARACTERS:
            raise ValueError(f"an answer of {len(text)} characters")
        planned = PlannedScenario.model_validate_json(text)
        strange = sorted({event.label for event in planned.sub_events} - set(self.labels))
        if strange:
            raise ValueError(f"labels nobody has: {', '.join(strange)[:120]}")
        if not any(event.role == "foreground" for event in planned.sub_events):
            raise ValueError("nothing in the foreground")
        events = tuple(SubEvent(event.label, event.role) for event in planned.sub_events)
        return Scenario(planned.place, planned.place, events)


def ask_endpoint(endpoint: Endpoint) -> Ask:
    """A function that asks an endpoint in JSON mode; it tries once, its caller again.

    Raises:
        OutsideError: the client `openai` is not installed.
    """
    try:
        import openai
    except ImportError as error:
        raise OutsideError("endpoint.no_client", "openai is not installed", "pip install 'soundflow[data]'") from error
    client = openai.OpenAI(base_url=endpoint.url, api_key=endpoint.key, timeout=endpoint.timeout_seconds, max_retries=0)

    def ask(system: str, user: str) -> str:
        try:
            answer = client.chat.completions.create(
                model=endpoint.model,
                messages=[{"role": "system", "content": system}, {"role": "user", "content": user}],
                temperature=TEMPERATURE,
                max_tokens=MOST_TOKENS,
                response_format={"type": "json_object"},
            )
            choice = answer.choices[0]
            text = choice.message.content
            if choice.finish_reason == "length" or not text:
                raise OutsideError("endpoint.cut", f"the answer was cut: {choice.finish_reason}")
            return text
        except openai.APIStatusError as error:
            raise OutsideError(f"endpoint.{error.status_code}", f"the endpoint answered {error.status_code}") from error
        except openai.APITimeoutError as error:
            raise OutsideError("endpoint.timeout", f"no answer in {endpoint.timeout_seconds:g} s") from error
        except (openai.OpenAIError, ValueError, AttributeError, IndexError, TypeError) as error:
            raise OutsideError("endpoint.broken", f"no whole answer: {type(error).__name__}: {error}") from error

    return ask


def read_key(path: Path) -> str:
    """A key out of a file of its own.

    Raises:
        InputError: not there, or empty.
    """
    try:
        key = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("endpoint.key", f"no readable key at {path}: {error}") from error
    if not key:
        raise InputError("endpoint.key", f"{path} is empty", "write the key into it")
    return key


def _prompt() -> str:
    return files(__package__).joinpath("prompts", "scenario.txt").read_text(encoding="utf-8")


def _question(annotations: Sequence[str], labels: Sequence[str], number: int) -> str:
    """What is asked, as JSON: annotations stay data whatever they say."""
    return json.dumps({"annotations": list(annotations), "allowed_labels": list(labels), "variant": number})


def _kind(error: ValueError) -> str:
    if isinstance(error, ValidationError):
        return "invalid JSON" if error.errors()[0]["type"] == "json_invalid" else "wrong schema"
    return "strange label" if "labels nobody has" in str(error) else "not believed"


def _store(place: Path, text: str) -> None:
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        temporary = place.with_name(f"{place.name}.{hashlib.sha256(text.encode()).hexdigest()[:8]}.tmp")
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(place)
    except OSError as error:
        raise OutsideError(
            "endpoint.cache", f"cannot write {place}: {error.strerror}", "check the space left"
        ) from error
