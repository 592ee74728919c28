"""A live stream with other words: calls go where they belong."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from soundflow.serve.responder import Question, Rewriter, Writers
from soundflow.serve.reworded import Reworded, rewording
from soundflow.stream.events import Event, ReplyEnd
from tests.serve.fakes import FakeStream
from tests.serve.test_responder import own_reply


def echo(question: Question) -> Generator[str, None, None]:
    yield f"{question.instruction}: {question.hint}"


def all_of(stream: Reworded, rewriter: Rewriter) -> list[Event]:
    events = stream.take()
    while not rewriter.is_idle:
        rewriter.wait()
        events += stream.take()
    return events


def test_replies_are_worded_for_the_instruction_in_force() -> None:
    behind, writers = FakeStream(), Writers(echo)
    rewriter = Rewriter(writers, "Dogs")
    stream = Reworded(behind, rewriter)
    stream.set_instruction("Cats")
    behind.said = own_reply()
    events = all_of(stream, rewriter)
    writers.close()
    assert [event.text for event in events if isinstance(event, ReplyEnd)] == ["Cats: I hear glass."]
    assert behind.instruction == "Cats"
    stream.truncate(0, 9)
    assert behind.truncated == [(0, 6)], "9 of 19 characters are 6 of our 13"


def test_every_other_call_is_passed_on() -> None:
    behind, writers = FakeStream(), Writers(echo)
    stream = rewording(lambda instruction, threshold, wake: behind, writers)("Dogs", 0.5, lambda: None)
    stream.feed(np.zeros(5, np.float32))
    stream.set_threshold(0.4)
    stream.cancel()
    stream.end()
    stream.close()
    writers.close()
    assert behind.samples == 5 and behind.thresholds[-1] == 0.4 and behind.calls == ["cancel", "end", "close"]
