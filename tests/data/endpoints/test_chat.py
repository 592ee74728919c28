"""The chat endpoint as the paper asks it: JSON mode, temperature 0.7; half an answer is none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from soundflow.data.endpoints.asking import Asker, Question
from soundflow.data.endpoints.chat import ask_endpoint
from soundflow.data.endpoints.config import EndpointConfig
from soundflow.errors import OutsideError
from soundflow.testing.endpoint import Answer, LyingEndpoint, completion
from tests.data.endpoints.honest import patience

pytest.importorskip("openai", reason="openai is not installed")


def echo(path: str, body: bytes) -> Answer:
    """The question's own data, as a JSON object."""
    return completion(json.loads(body)["messages"][1]["content"])


def test_it_asks_in_json_mode_at_the_papers_temperature() -> None:
    with LyingEndpoint(echo, share=0.0) as liar:
        assert ask_endpoint(EndpointConfig(liar.url, "some-model"))("You echo.", '{"a": 1}') == '{"a": 1}'
    path, body = liar.asked[0]
    asked = json.loads(body)
    assert path == "/v1/chat/completions" and asked["model"] == "some-model"
    assert (asked["temperature"], asked["response_format"]) == (0.7, {"type": "json_object"})
    assert [message["role"] for message in asked["messages"]] == ["system", "user"]


@pytest.mark.parametrize("content", ["", None])
def test_an_empty_answer_is_none(content: str | None) -> None:
    def empty(path: str, body: bytes) -> Answer:
        told = json.loads(completion("x").body)
        told["choices"][0]["message"]["content"] = content
        return Answer(json.dumps(told).encode())

    with LyingEndpoint(empty, share=0.0) as liar, pytest.raises(OutsideError, match="was cut"):
        ask_endpoint(EndpointConfig(liar.url, "m"))("", "{}")


def test_a_liar_is_seen_through(tmp_path: Path) -> None:
    """Every third answer is a lie; each question is answered rightly or not at all, and every lie is explained."""

    def same(text: str) -> int:
        found = json.loads(text)["number"]
        if not isinstance(found, int):
            raise ValueError(f"{found!r} is no number")
        return found

    def checked(text: str) -> int:
        try:
            return same(text)
        except (KeyError, TypeError) as error:
            raise ValueError(repr(error)) from error

    with LyingEndpoint(echo, share=0.3) as liar:
        asker = Asker(
            ask_endpoint(EndpointConfig(liar.url, "m", timeout_seconds=patience(liar))),
            tmp_path,
            pause=lambda seconds: None,
        )
        questions = [Question(f"{n}", "You echo.", {"number": n}, checked) for n in range(40)]
        found = asker.answers(questions)
    assert all(answer in (None, n) for n, answer in enumerate(found)) and sum(a is not None for a in found) >= 32
    harmless = liar.told["injection"]  # a number holds no text that could be poisoned
    assert len(asker.refusals) >= sum(liar.told.values()) - liar.told[""] - harmless > 5
