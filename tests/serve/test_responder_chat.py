"""A chat endpoint that writes replies: one that works, and all the ways in which one does not."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

pytest.importorskip("openai", reason="openai is not installed")

from soundflow.errors import OutsideError
from soundflow.serve.endpoints import Endpoint
from soundflow.serve.responder import Question, ResponderLimits, Rewriter, Writers, reworded
from soundflow.serve.responder_chat import chat_writer
from soundflow.stream.events import ReplyDelta, ReplyEnd
from soundflow.testing.clock import FakeClock
from soundflow.testing.exchange import EndpointServer, Exchange
from tests.serve.test_responder import END, own_reply

QUESTION = Question("Tell me when glass breaks.", "I hear glass.", "urgent", 9.64, ("Hello.",))
QUICK = ResponderLimits(first_text_seconds=0.3)


def good(exchange: Exchange) -> None:
    exchange.begin("text/event-stream")
    exchange.words("A window ", "broke.")
    exchange.done()


def test_the_answer_comes_piece_by_piece_and_the_question_holds_no_sound() -> None:
    with EndpointServer(good) as endpoint:
        pieces = list(chat_writer(Endpoint("big", endpoint.url, "s3cret"))(QUESTION))
    assert [piece for piece in pieces if piece] == ["A window ", "broke."]
    (asked,) = endpoint.asked
    assert asked["model"] == "big" and asked["stream"] is True
    assert json.loads(asked["messages"][1]["content"]) == {
        "asked_to": "Tell me when glass breaks.",
        "own_reply": "I hear glass.",
        "tone": "urgent",
        "second": 9.6,
        "said_before": ["Hello."],
    }
    assert endpoint.exchanges[0].headers["authorization"] == "Bearer s3cret"


def refusing(exchange: Exchange) -> None:
    exchange.begin("application/json", 500)
    exchange.write(b'{"error": {"message": "no"}}')


def no_json(exchange: Exchange) -> None:
    exchange.begin("text/event-stream")
    exchange.write(b"data: {this is no json\n\n")


def other_json(exchange: Exchange) -> None:
    exchange.begin("text/event-stream")
    exchange.write(b'data: {"choices": 3}\n\ndata: {"choices": [{"delta": null}]}\n\ndata: [1, 2]\n\n')
    exchange.done()


def noise(exchange: Exchange) -> None:
    exchange.begin("text/event-stream")
    exchange.write(bytes(range(256)) * 8)


def breaking_off(exchange: Exchange) -> None:
    exchange.begin("text/event-stream")
    exchange.words("The win")
    exchange.write(b"data: {")


def empty(exchange: Exchange) -> None:
    exchange.begin("text/event-stream")
    exchange.done()


def never(exchange: Exchange) -> None:
    exchange.stall()


def stalling(exchange: Exchange) -> None:
    exchange.begin("text/event-stream")
    exchange.words("The win")
    exchange.stall()


def no_text(exchange: Exchange) -> None:
    exchange.begin("text/event-stream")
    exchange.write(b'data: {"choices": [{"index": 0, "delta": {"content": 7}}]}\n\n')
    exchange.done()


@pytest.mark.parametrize("answer", [refusing, no_json, other_json, noise, breaking_off, never, stalling])
def test_no_whole_answer_is_one_error(answer: Callable[[Exchange], None]) -> None:
    with EndpointServer(answer) as endpoint, pytest.raises(OutsideError, match="no whole answer") as failure:
        list(chat_writer(Endpoint("big", endpoint.url), QUICK)(QUESTION))
    assert failure.value.code == "responder.endpoint"


@pytest.mark.parametrize(
    "answer", [refusing, no_json, other_json, noise, empty, never, no_text, stalling, breaking_off]
)
def test_whatever_it_does_our_own_words_are_said(answer: Callable[[Exchange], None]) -> None:
    with EndpointServer(answer) as endpoint:
        writers = Writers(chat_writer(Endpoint("big", endpoint.url), QUICK), QUICK)
        events = list(reworded(iter([*own_reply(), END]), Rewriter(writers)))
        endpoint.go.set()
        writers.close()
    (end,) = (event for event in events if isinstance(event, ReplyEnd))
    assert end.text in ("I hear glass.", "The win… I hear glass.")
    assert end.text == "".join(event.text for event in events if isinstance(event, ReplyDelta)) and events[-1] is END


def commenting(exchange: Exchange) -> None:
    exchange.begin("text/event-stream")
    while True:
        exchange.write(b": still there\n\n")


def dripping(exchange: Exchange) -> None:
    exchange.begin("text/event-stream")
    exchange.write(b"data: ")
    while True:
        exchange.write(b" ")


@pytest.mark.parametrize("answer", [commenting, dripping])
def test_a_line_that_is_held_open_is_let_go_when_the_whole_time_is_over(answer: Callable[[Exchange], None]) -> None:
    limits, clock = ResponderLimits(whole_seconds=1.0), FakeClock(step=0.01)
    with EndpointServer(answer) as endpoint, pytest.raises(OutsideError, match="it took too long"):
        list(chat_writer(Endpoint("big", endpoint.url), limits, clock)(QUESTION))


def test_nobody_there() -> None:
    with pytest.raises(OutsideError, match="no whole answer"):
        list(chat_writer(Endpoint("big", "http://127.0.0.1:9/v1"), QUICK)(QUESTION))
