"""An endpoint that does what a test writes."""

from __future__ import annotations

import http.client
import json
import urllib.request

import pytest

from soundflow.testing.exchange import EndpointServer, Exchange


def ask(endpoint: EndpointServer, timeout: float = 5.0) -> bytes:
    body = json.dumps({"q": 1}).encode()
    request = urllib.request.Request(f"{endpoint.url}/chat", body, {"X-Mine": "yes"}, method="POST")
    with urllib.request.urlopen(request, timeout=timeout) as answer:
        whole: bytes = answer.read()
    return whole


def test_words_come_as_the_chunks_of_a_chat() -> None:
    def good(exchange: Exchange) -> None:
        exchange.begin("text/event-stream")
        exchange.words("A ", "b")
        exchange.done()

    with EndpointServer(good) as endpoint:
        lines = [line.removeprefix(b"data: ") for line in ask(endpoint).split(b"\n\n") if line]
    assert lines[-1] == b"[DONE]"
    choices = [json.loads(line)["choices"][0] for line in lines[:-1]]
    assert [choice["delta"].get("content") for choice in choices] == ["A ", "b", None]
    assert choices[-1]["finish_reason"] == "stop"


def test_it_remembers_what_it_was_asked() -> None:
    with EndpointServer(lambda exchange: exchange.begin("text/plain", length=0)) as endpoint:
        assert ask(endpoint) == b""
    (exchange,) = endpoint.exchanges
    assert endpoint.asked == [{"q": 1}] and exchange.path == "/v1/chat" and exchange.headers["x-mine"] == "yes"


def test_an_answer_may_end_before_its_end() -> None:
    def cut(exchange: Exchange) -> None:
        exchange.begin("text/plain", length=10)
        exchange.write(b"12345")

    with EndpointServer(cut) as endpoint, pytest.raises(http.client.IncompleteRead):
        ask(endpoint)


def test_an_answer_that_stalls_is_let_go_at_the_end() -> None:
    with EndpointServer(lambda exchange: exchange.stall()) as endpoint, pytest.raises(TimeoutError):
        ask(endpoint, timeout=0.05)
