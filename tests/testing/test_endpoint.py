"""The lying endpoint: honest but for a share, and the same lies whoever asks first."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections import Counter

import pytest

from soundflow.testing.endpoint import INJECTION, LIES, Answer, LyingEndpoint, completion


def truth(path: str, body: bytes) -> Answer:
    return completion(json.dumps({"said": body.decode(), "names": ["a", 1]}))


def ask(liar: LyingEndpoint, text: str) -> str:
    request = urllib.request.Request(f"{liar.url}/chat/completions", text.encode(), method="POST")
    with urllib.request.urlopen(request, timeout=5) as answer:
        content: str = json.loads(answer.read())["choices"][0]["message"]["content"]
    return content


def test_it_tells_the_truth_and_remembers_what_it_was_asked() -> None:
    with LyingEndpoint(truth, share=0.0) as liar:
        assert json.loads(ask(liar, "hello"))["said"] == "hello"
    assert liar.asked == [("/v1/chat/completions", b"hello")] and liar.told == {"": 1}


def test_a_poisoned_answer_keeps_its_shape() -> None:
    with LyingEndpoint(truth, share=1.0, lies=["injection"]) as liar:
        assert json.loads(ask(liar, "hello")) == {"said": INJECTION, "names": [INJECTION, 1]}


def test_statuses_are_sent() -> None:
    with (
        LyingEndpoint(truth, share=1.0, lies=["429"]) as liar,
        pytest.raises(urllib.error.HTTPError, match="429") as caught,
    ):
        ask(liar, "hello")
    caught.value.close()


def test_lies_belong_to_the_question_not_to_the_order() -> None:
    first, second = (LyingEndpoint(truth, share=0.5, seed=3) for _ in range(2))
    with first, second:
        for text in "abcdefgh":
            first.answer("/", text.encode(), {})
        for text in reversed("abcdefgh"):
            second.answer("/", text.encode(), {})
    assert first.told == second.told and 0 < first.told[""] < 8


def test_every_lie_comes_up_about_as_often_as_asked_for() -> None:
    with LyingEndpoint(truth, share=0.3) as liar:
        for number in range(1000):
            liar.answer("/", str(number).encode(), {})
    lies = Counter({name: count for name, count in liar.told.items() if name})
    assert set(lies) == set(LIES) and 240 < lies.total() < 360
