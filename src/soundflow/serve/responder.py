"""The words of a bigger mind: our model decides when to speak, somebody else writes what is said.

    our model's events ──▶ Rewriter ──▶ the same events, with other words in the replies
                              │  ▲
                      Question ▼  │ pieces of text        (threads of `Writers`)
                             an endpoint

Decisions pass at once and nothing is ever waited for: a reply that is late, broken or empty keeps our model's own
words. Knows nothing of endpoints; those are in responder_chat.py. Tests: tests/serve/test_responder.py.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Literal

from soundflow.errors import SoundflowError
from soundflow.stream.clock import Clock, WallClock
from soundflow.stream.events import End, EndReason, Event, ReplyDelta, ReplyEnd, ReplyStart

_log = logging.getLogger(__name__)

_KEPT_LENGTHS = 256  # replies whose lengths stay known, for those that are cut to what was played; chosen
_LATE_SECONDS = 0.05  # after a time-out that it is looked at: a timer's clock may be a little ahead of ours; chosen
_BROKEN_OFF = "… "  # between the words of a writer that broke off and our own


@dataclass(frozen=True)
class Question:
    """What a writer is told of one reply. There is no sound in it.

    Fields:
        instruction: what the session listens for; None where it is the model's own.
        hint: what our model would say.
        emotion: its tone.
        at: seconds of stream.
        said: the replies before, as they were told, oldest first.
    """

    instruction: str | None
    hint: str
    emotion: str | None
    at: float
    said: tuple[str, ...]


# Pieces of the text, as they come; an empty one where there is a sign of life and no text, so that whoever asks may
# give up. Raises a SoundflowError when there is no whole answer.
Write = Callable[[Question], Generator[str, None, None]]


@dataclass(frozen=True)
class ResponderLimits:
    """Bounds of a reply that somebody else writes; all chosen."""

    first_text_seconds: float = 3.0  # until its first word; then our own words are said
    whole_seconds: float = 15.0  # until its last
    characters: int = 1000
    at_once: int = 8  # replies being written, over all sessions; beyond it our own words are said
    said: int = 4  # earlier replies that a writer is told of


class Writers:
    """Threads that ask, shared by all sessions."""

    def __init__(self, write: Write, limits: ResponderLimits | None = None) -> None:
        self.limits = limits or ResponderLimits()
        self._write = write
        self._free = threading.BoundedSemaphore(self.limits.at_once)
        self._pool = ThreadPoolExecutor(self.limits.at_once, "soundflow-responder")

    def ask(self, question: Question, hear: Callable[[str | None], bool], is_wanted: Callable[[], bool]) -> bool:
        """Have a reply written, in another thread; False when all are busy.

        Args:
            hear: gets each piece of text; its answer says whether more is wanted. "" says that the writer is done,
                None that it failed.
            is_wanted: whether more is wanted; asked between pieces too, and when a time-out has passed.
        """
        if not self._free.acquire(blocking=False):
            return False
        try:
            self._pool.submit(self._asked, question, hear, is_wanted)
        except RuntimeError:  # closed
            self._free.release()
            return False
        return True

    def close(self) -> None:
        """Ask no more; what is being written ends by its own time-outs."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _asked(self, question: Question, hear: Callable[[str | None], bool], is_wanted: Callable[[], bool]) -> None:
        outcome = None
        try:
            with self._timed(is_wanted), contextlib.closing(self._write(question)) as pieces:
                for piece in pieces:
                    if not (hear(piece) if piece else is_wanted()):
                        break
            outcome = ""
        except SoundflowError as failure:
            _log.warning("the responder failed", extra={"code": failure.code})
        except Exception:
            _log.exception("the responder broke")
        finally:
            self._free.release()  # first: who hears that it is over may ask at once
        hear(outcome)

    @contextlib.contextmanager
    def _timed(self, is_wanted: Callable[[], bool]) -> Iterator[None]:
        """Time-outs are looked at when they pass, although no event of the stream and no piece may come then."""
        moments = (self.limits.first_text_seconds, self.limits.whole_seconds)
        timers = [threading.Timer(seconds + _LATE_SECONDS, is_wanted) for seconds in moments]
        for timer in timers:
            timer.daemon = True
            timer.start()
        try:
            yield
        finally:
            for timer in timers:
                timer.cancel()


@dataclass
class _Reply:
    start: ReplyStart
    own: ReplyEnd | None = None
    state: Literal["hinted", "writing", "written", "failed", "cancelled"] = "hinted"
    pieces: deque[str] = field(default_factory=deque)
    said: str = ""
    is_told: bool = False
    is_cut: bool = False
    own_text_at: float | None = None  # when our model's first word came
    text_at: float | None = None  # and the writer's
    first_by: float = 0.0
    whole_by: float = 0.0


class Rewriter:
    """Between one stream and whoever takes its events. Events are put and taken by one thread at a time.

    Args:
        writers: who writes.
        instruction: what the session listens for; may be set anew at any time.
        wake: called from a writer's thread when there is something to take.
        clock: of the time-outs.
    """

    def __init__(
        self,
        writers: Writers,
        instruction: str | None = None,
        wake: Callable[[], None] = lambda: None,
        clock: Clock | None = None,
    ) -> None:
        self.instruction = instruction
        self._writers = writers
        self._limits = writers.limits
        self._wake = wake
        self._clock = clock or WallClock()
        self._changed = threading.Condition()
        self._passing: list[Event] = []
        self._replies: deque[_Reply] = deque()  # in the order they are told
        self._end: End | None = None
        self._said: deque[str] = deque(maxlen=self._limits.said)
        self._lengths: dict[int, tuple[int, int]] = {}  # reply → characters of our own words, and of those told

    @property
    def is_idle(self) -> bool:
        """Whether all that was put has been taken."""
        with self._changed:
            return not (self._passing or self._replies or self._end)

    def put(self, event: Event) -> None:
        """Take in what our model said."""
        with self._changed:
            match event:
                case ReplyStart():
                    self._replies.append(_Reply(event))
                case ReplyDelta() if self._replies:
                    newest = self._replies[-1]
                    newest.own_text_at = newest.own_text_at or self._clock.now()
                case ReplyEnd() if self._replies:
                    self._have_written(self._replies[-1], event)
                case End():
                    self.break_off()
                    self._end = event
                case _:
                    self._passing.append(event)

    def take(self) -> list[Event]:
        """The events that are there by now: replies one after the other, and `end` behind the last of them."""
        with self._changed:
            events, self._passing = self._passing, []
            now = self._clock.now()
            while self._replies:
                events += self._told(self._replies[0], now)
                if self._replies[0].own is None or self._replies[0].state == "writing":
                    break
                self._replies.popleft()
            if self._end is not None and not self._replies:
                events.append(self._end)
                self._end = None
            return events

    def wait(self) -> None:
        """Return when there may be something to take: a word, a failure, or a time-out."""
        with self._changed:
            if self._replies and self._replies[0].state == "writing" and not self._replies[0].pieces:
                self._changed.wait(max(0.0, self._due(self._replies[0]) - self._clock.now()))

    def cancel(self) -> None:
        """End the replies that are being written or told, where they are."""
        with self._changed:
            for reply in self._replies:
                reply.state = "cancelled"
        self._wake()

    def break_off(self) -> None:
        """Our model says no more: replies that it did not end, as after a fault, are cancelled without a word."""
        with self._changed:
            for reply in self._replies:
                if reply.own is None:
                    start, reply.state = reply.start, "cancelled"
                    reply.own = ReplyEnd(start.reply, "", start.emotion, "cancelled", 0, None)

    def own_characters(self, reply: int, characters: int) -> int:
        """How much of our model's own words stands for the first characters of what was told instead."""
        with self._changed:
            own, told = self._lengths.get(reply, (characters, characters))
        return own if characters >= told else round(own * characters / told)

    # --- one reply; all of it with the lock held ---

    def _have_written(self, reply: _Reply, own: ReplyEnd) -> None:
        reply.own = own
        if own.reason == "cancelled" or reply.state == "cancelled":
            reply.state = "cancelled"
            return
        now = self._clock.now()
        reply.first_by = now + self._limits.first_text_seconds
        reply.whole_by = now + self._limits.whole_seconds
        question = Question(self.instruction, own.text.strip(), own.emotion, reply.start.at, tuple(self._said))
        is_asked = bool(question.hint) and self._writers.ask(
            question, lambda piece: self._hear(reply, piece), lambda: self._is_wanted(reply)
        )
        reply.state = "writing" if is_asked else "failed"

    def _is_wanted(self, reply: _Reply) -> bool:
        """Whether more of a reply is wanted; one that is late by now is given up, and whoever takes events is woken."""
        with self._changed:
            if reply.state != "writing":
                return False
            if self._clock.now() < self._due(reply):
                return True
            reply.state = "failed"
            self._changed.notify_all()
        self._wake()
        return False

    def _hear(self, reply: _Reply, piece: str | None) -> bool:
        """A writer's thread brings a piece, nothing (it is done) or None (it failed); whether more is wanted."""
        with self._changed:
            if reply.state in ("failed", "cancelled", "written"):
                return False
            now = self._clock.now()
            if piece is None or now >= self._due(reply):
                reply.state = "failed"
            elif piece == "":
                reply.state = "written" if reply.text_at is not None else "failed"
            else:
                self._keep(reply, piece, now)
            is_more_wanted = reply.state == "writing"
            self._changed.notify_all()
        self._wake()
        return is_more_wanted

    def _keep(self, reply: _Reply, piece: str, now: float) -> None:
        text = "".join(c if c.isprintable() else " " for c in piece)
        length = len(reply.said) + sum(map(len, reply.pieces))
        if length == 0:
            text = text.lstrip()
        room = self._limits.characters - length
        if text:
            reply.pieces.append(text[:room])
            reply.text_at = reply.text_at or now
        if len(text) > room:
            reply.state, reply.is_cut = "written", True

    def _due(self, reply: _Reply) -> float:
        return reply.first_by if reply.text_at is None else reply.whole_by

    def _told(self, reply: _Reply, now: float) -> list[Event]:
        """What can be told of the first reply by now."""
        events: list[Event] = []
        if not reply.is_told:
            reply.is_told = True
            events.append(reply.start)
        if reply.own is None:
            return events
        if reply.state == "writing" and now >= self._due(reply):
            reply.state = "failed"
        events += self._delta(reply, "".join(reply.pieces))
        reply.pieces.clear()
        if reply.state != "writing":
            events += self._ended(reply, reply.own, now)
        return events

    def _delta(self, reply: _Reply, text: str) -> list[Event]:
        reply.said += text
        return [ReplyDelta(reply.start.reply, text)] if text else []

    def _ended(self, reply: _Reply, own: ReplyEnd, now: float) -> list[Event]:
        events: list[Event] = []
        reason: EndReason = own.reason
        if reply.state == "failed":
            reply.text_at = reply.text_at or now
            events += self._delta(reply, (_BROKEN_OFF if reply.said else "") + own.text)
        elif reply.state == "cancelled":
            reason = "cancelled"
        else:
            reason = "length" if reply.is_cut else "eos"
        self._lengths[own.reply] = (len(own.text), len(reply.said))
        while len(self._lengths) > _KEPT_LENGTHS:
            del self._lengths[next(iter(self._lengths))]
        if reply.said:
            self._said.append(reply.said)
        first = _first_text_ms(reply, own)
        return [*events, replace(own, text=reply.said, reason=reason, first_text_ms=first)]


def _first_text_ms(reply: _Reply, own: ReplyEnd) -> float | None:
    """From the last sample heard to the first word told: our model's figure, and what the writer took on top."""
    if own.first_text_ms is None or reply.text_at is None or reply.own_text_at is None:
        return own.first_text_ms
    return own.first_text_ms + 1000 * (reply.text_at - reply.own_text_at)


def reworded(events: Iterator[Event], rewriter: Rewriter) -> Iterator[Event]:
    """The events of a live stream with other words in its replies; nobody is waited for before the last event."""
    for event in events:
        rewriter.put(event)
        yield from rewriter.take()
    yield from _rest(rewriter)


def reworded_in_turn(events: Iterator[Event], rewriter: Rewriter) -> Iterator[Event]:
    """The same of a recording that is heard as fast as it can be: each reply is waited for, since nothing is missed."""
    for event in events:
        rewriter.put(event)
        yield from _rest(rewriter) if isinstance(event, ReplyEnd) else rewriter.take()
    yield from _rest(rewriter)


def _rest(rewriter: Rewriter) -> Iterator[Event]:
    """All that was put, waited for; only behind a whole reply or the last event."""
    rewriter.break_off()  # else a stream that stopped in the middle of a reply would be waited for, for ever
    while not rewriter.is_idle:
        yield from rewriter.take()
        rewriter.wait()
