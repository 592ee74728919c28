"""Who writes what, and what is said when nobody does; on a clock that a test moves."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from soundflow.errors import OutsideError
from soundflow.serve.responder import Question, ResponderLimits, Rewriter, Writers, reworded, reworded_in_turn
from soundflow.stream.events import Decision, End, Error, Event, ReplyDelta, ReplyEnd, ReplyStart
from soundflow.testing.clock import FakeClock
from tests.serve.fakes import decision

END = End(1.0, 3, 1, 5.0, 6.0, 0.02)


def own_reply(number: int = 0, text: str = "I hear glass.", reason: str = "eos") -> list[Event]:
    return [
        decision(number, True),
        ReplyStart(number, number, 0.4 + number, "urgent"),
        ReplyDelta(number, text),
        ReplyEnd(number, text, "urgent", reason, 4, 9.0),  # type: ignore[arg-type]
    ]


class Desk:
    """A rewriter whose writer waits for the test to dictate."""

    def __init__(self, limits: ResponderLimits | None = None) -> None:
        self.questions: list[Question] = []
        self.hears: list = []  # type: ignore[type-arg]
        self.are_wanted: list[Callable[[], bool]] = []
        self.clock = FakeClock()
        self.wakes = 0
        self.writers = Writers(lambda question: iter(()), limits)  # type: ignore[arg-type,return-value]
        self.writers.ask = self.asked  # type: ignore[method-assign]
        self.rewriter = Rewriter(self.writers, "Glass.", self.woken, self.clock)

    def asked(self, question: Question, hear: object, is_wanted: Callable[[], bool]) -> bool:
        self.questions.append(question)
        self.hears.append(hear)
        self.are_wanted.append(is_wanted)
        return True

    def woken(self) -> None:
        self.wakes += 1

    def put(self, events: list[Event]) -> list[Event]:
        for event in events:
            self.rewriter.put(event)
        return self.rewriter.take()

    def say(self, *pieces: str | None, reply: int = 0) -> list[Event]:
        for piece in pieces:
            self.hears[reply](piece)
        return self.rewriter.take()


def texts(events: list[Event]) -> list[str]:
    return [event.text for event in events if isinstance(event, ReplyDelta)]


def ended(events: list[Event]) -> ReplyEnd:
    (event,) = (event for event in events if isinstance(event, ReplyEnd))
    return event


def test_our_model_decides_when_and_the_writer_says_what() -> None:
    desk = Desk()
    events = desk.put(own_reply())
    assert [event.type for event in events] == ["decision", "reply.start"]
    assert desk.questions == [Question("Glass.", "I hear glass.", "urgent", 0.4, ())]
    desk.clock.advance(0.25)
    assert texts(desk.say(" A window", " broke.")) == ["A window broke."] and desk.wakes == 2
    end = ended(desk.say(""))
    assert (end.text, end.reason, end.emotion, end.tokens) == ("A window broke.", "eos", "urgent", 4)
    assert end.first_text_ms == pytest.approx(9.0 + 250.0) and desk.rewriter.is_idle


def test_decisions_pass_while_somebody_writes() -> None:
    desk = Desk()
    desk.put(own_reply())
    for chunk in range(1, 50):
        assert desk.put([decision(chunk)]) == [decision(chunk)]


def test_the_next_reply_waits_its_turn_and_the_end_is_last() -> None:
    desk = Desk()
    desk.put(own_reply(0))
    events = desk.put([*own_reply(1), END])
    assert [event.type for event in events] == ["decision"]
    assert desk.say("Second.", "", reply=1) == []
    events = desk.say("First.", "", reply=0)
    assert [event.type for event in events] == [
        *("reply.delta", "reply.end"),
        *("reply.start", "reply.delta", "reply.end", "end"),
    ]
    assert texts(events) == ["First.", "Second."]


def test_a_writer_is_told_what_was_said_before() -> None:
    desk = Desk(ResponderLimits(said=2))
    for number in range(4):
        desk.put(own_reply(number))
        desk.say(f"Words {number}.", "", reply=number)
    assert desk.questions[-1].said == ("Words 1.", "Words 2.")


def test_a_writer_that_fails_leaves_our_own_words() -> None:
    desk = Desk()
    desk.put(own_reply())
    events = desk.say(None)
    assert texts(events) == ["I hear glass."] and ended(events).text == "I hear glass."


def test_one_that_breaks_off_is_followed_by_our_own_words() -> None:
    desk = Desk()
    desk.put(own_reply())
    assert texts(desk.say("The win")) == ["The win"]
    events = desk.say(None)
    assert ended(events).text == "The win… I hear glass." == "".join(["The win", *texts(events)])


@pytest.mark.parametrize("pieces", [[""], ["  ", "\n", ""]])
def test_an_empty_answer_is_none(pieces: list[str]) -> None:
    desk = Desk()
    desk.put(own_reply())
    assert ended(desk.say(*pieces)).text == "I hear glass."


def test_a_first_word_that_is_late_is_not_waited_for() -> None:
    desk = Desk()
    desk.put(own_reply())
    desk.clock.advance(2.9)
    assert desk.put([decision(1)]) == [decision(1)]
    desk.clock.advance(0.2)
    events = desk.put([decision(2)])
    assert ended(events).text == "I hear glass." and ended(events).first_text_ms == pytest.approx(9.0 + 3100)
    assert desk.hears[0]("Too late.") is False and desk.rewriter.take() == []


def test_a_last_word_that_is_late_is_not_waited_for_either() -> None:
    desk = Desk()
    desk.put(own_reply())
    desk.say("Well")
    desk.clock.advance(10.0)
    assert texts(desk.say(", hm")) == [", hm"]
    desk.clock.advance(6.0)
    assert ended(desk.rewriter.take()).text == "Well, hm… I hear glass."


@pytest.mark.parametrize(
    ("said", "seconds", "told"), [((), 3.0, "I hear glass."), (("Well",), 15.0, "… I hear glass.")]
)
def test_whoever_takes_events_is_woken_when_a_time_out_passes(said: tuple[str, ...], seconds: float, told: str) -> None:
    """No decision may come meanwhile to ask for them: its client sends no sound."""
    desk = Desk()
    desk.put(own_reply())
    desk.say(*said)
    wakes = desk.wakes
    desk.clock.advance(seconds - 0.1)
    assert desk.are_wanted[0]() and desk.wakes == wakes and desk.rewriter.take() == []
    desk.clock.advance(0.1)
    assert not desk.are_wanted[0]() and desk.wakes == wakes + 1
    assert texts(desk.rewriter.take()) == [told] and desk.rewriter.is_idle
    assert not desk.are_wanted[0]() and desk.wakes == wakes + 1, "and once only"


def test_a_writer_that_says_nothing_for_ever_is_left_at_the_time_out() -> None:
    """It reasons, sign of life by sign of life, and its thread is free again."""

    def write(question: Question) -> Generator[str, None, None]:
        while True:
            clock.advance(0.1)
            yield ""

    clock, writers, is_woken = FakeClock(), Writers(write, ResponderLimits(at_once=1)), threading.Event()
    rewriter = Rewriter(writers, wake=is_woken.set, clock=clock)
    for number in range(3):
        for event in own_reply(number):
            rewriter.put(event)
        assert is_woken.wait(20.0)
        is_woken.clear()
        assert ended(rewriter.take()).text == "I hear glass." and clock.now() < 3.5 * (number + 1)
        assert writers._free.acquire(timeout=20.0)
        writers._free.release()
    writers.close()


def test_a_writer_that_hangs_is_noticed_by_its_timer(gate: threading.Event) -> None:
    def write(question: Question) -> Generator[str, None, None]:
        gate.wait(20.0)
        yield "Late."

    writers, is_woken = Writers(write, ResponderLimits(first_text_seconds=0.1)), threading.Event()
    rewriter = Rewriter(writers, wake=is_woken.set)
    for event in own_reply():
        rewriter.put(event)
    assert is_woken.wait(10.0) and not gate.is_set()
    assert ended(rewriter.take()).text == "I hear glass."
    gate.set()
    writers.close()


def test_an_endless_answer_is_cut() -> None:
    desk = Desk(ResponderLimits(characters=10))
    desk.put(own_reply())
    events = desk.say("0123456", "789abcdef")
    assert ended(events).text == "0123456789" and ended(events).reason == "length"


def test_signs_that_cannot_be_shown_become_spaces() -> None:
    desk = Desk()
    desk.put(own_reply())
    assert texts(desk.say("\n\x1b[2Ja\tb")) == ["[2Ja b"]


def test_cancel_ends_what_is_being_written() -> None:
    desk = Desk()
    desk.put(own_reply())
    desk.say("The wind")
    desk.rewriter.cancel()
    end = ended(desk.rewriter.take())
    assert (end.text, end.reason) == ("The wind", "cancelled") and desk.hears[0]("ow") is False


def test_a_reply_of_ours_that_was_cancelled_is_not_written_anew() -> None:
    desk = Desk()
    end = ended(desk.put(own_reply(reason="cancelled")))
    assert (end.text, end.reason) == ("", "cancelled") and desk.questions == []


FAULT = Error("engine.failed", "the pass failed", "open a new session")


def test_a_fault_in_the_middle_of_a_reply_ends_the_reply_and_the_stream() -> None:
    desk = Desk()
    events = desk.put([decision(0, True), ReplyStart(0, 0, 0.4, "urgent"), ReplyDelta(0, "I he"), FAULT, END])
    assert [event.type for event in events] == ["decision", "error", "reply.start", "reply.end", "end"]
    end = ended(events)
    assert (end.text, end.reason, end.emotion, end.tokens) == ("", "cancelled", "urgent", 0)
    assert desk.rewriter.is_idle and desk.questions == []


def test_a_fault_leaves_the_reply_before_to_its_writer() -> None:
    desk = Desk()
    desk.put(own_reply(0))
    assert desk.put([ReplyStart(1, 1, 1.4, None), ReplyDelta(1, "I he"), FAULT, END]) == [FAULT]
    events = desk.say("A window broke.", "")
    assert [(e.text, e.reason) for e in events if isinstance(e, ReplyEnd)] == [
        ("A window broke.", "eos"),
        ("", "cancelled"),
    ]
    assert events[-1] is END and desk.rewriter.is_idle


@pytest.mark.parametrize("rewrite", [reworded, reworded_in_turn])
def test_events_that_stop_in_the_middle_of_a_reply_stop_here_too(rewrite: Callable[..., Iterator[Event]]) -> None:
    events = list(itertools.islice(rewrite(iter([ReplyStart(0, 0, 0.4, None)]), Desk().rewriter), 5))
    assert [event.type for event in events] == ["reply.start", "reply.end"]


def test_what_was_played_is_translated_to_our_own_words() -> None:
    desk = Desk()
    desk.put(own_reply())
    desk.say("Twenty-six letters of it..", "")
    assert desk.rewriter.own_characters(0, 13) == 6 and desk.rewriter.own_characters(0, 99) == 13
    assert desk.rewriter.own_characters(7, 5) == 5


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    found = threading.Event()
    yield found
    found.set()


def test_when_all_writers_are_busy_our_own_words_are_said(gate: threading.Event) -> None:
    def write(question: Question) -> Generator[str, None, None]:
        gate.wait(20.0)
        yield "Late."

    writers = Writers(write, ResponderLimits(at_once=1))
    first, second = Rewriter(writers), Rewriter(writers)
    for event in own_reply():
        first.put(event)
        second.put(event)
    assert ended(second.take()).text == "I hear glass."
    gate.set()
    while not first.is_idle:
        first.wait()
        first.take()
    writers.close()


@pytest.mark.parametrize("fault", [OutsideError("responder.endpoint", "gone"), KeyError("a bug")])
def test_a_stream_is_reworded_to_its_end_by_real_threads(fault: Exception) -> None:
    def write(question: Question) -> Generator[str, None, None]:
        if question.hint == "One.":
            yield "First "
            yield "one."
        raise fault if question.hint == "Two." else OutsideError("x", "never here")

    def only_first(question: Question) -> Generator[str, None, None]:
        yield from ("First ", "one.") if question.hint == "One." else write(question)

    writers = Writers(only_first)
    events = list(reworded(iter([*own_reply(0, "One."), *own_reply(1, "Two."), decision(2), END]), Rewriter(writers)))
    writers.close()
    assert [event.text for event in events if isinstance(event, ReplyEnd)] == ["First one.", "Two."]
    assert events[-1] is END and sum(isinstance(event, Decision) for event in events) == 3


def test_a_recording_waits_for_each_reply_so_that_none_keeps_its_own_words() -> None:
    def write(question: Question) -> Generator[str, None, None]:
        yield f"{question.hint} Indeed."

    writers = Writers(write, ResponderLimits(at_once=1))
    replies = (event for number in range(20) for event in own_reply(number, f"Reply {number}."))
    events = list(reworded_in_turn(iter([*replies, END]), Rewriter(writers)))
    writers.close()
    ends = [event.text for event in events if isinstance(event, ReplyEnd)]
    assert ends == [f"Reply {number}. Indeed." for number in range(20)] and events[-1] is END


def test_closed_writers_write_nothing() -> None:
    writers = Writers(lambda question: iter(["x"]))  # type: ignore[arg-type,return-value]
    writers.close()
    assert [e.text for e in reworded(iter(own_reply()), Rewriter(writers)) if isinstance(e, ReplyEnd)] == [
        "I hear glass."
    ]


def test_nothing_waits_for_a_writer_that_hangs(gate: threading.Event) -> None:
    def write(question: Question) -> Generator[str, None, None]:
        gate.wait(20.0)
        yield "Late."

    clock, writers = FakeClock(), Writers(write)
    rewriter = Rewriter(writers, clock=clock)
    with ThreadPoolExecutor(1):
        for number in range(5):
            for event in own_reply(number):
                rewriter.put(event)
            rewriter.take()
        clock.advance(60.0)
        assert sum(isinstance(event, ReplyEnd) for event in rewriter.take()) == 5
    writers.close()
