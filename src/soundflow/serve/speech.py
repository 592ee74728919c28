"""Replies said aloud: sentence by sentence while the text is still being written, and stopped at once when asked.

    text of a reply ──▶ Sentences ──▶ Mouth's queue ──▶ a thread of `Voice` ──▶ SpeechDelta … SpeechEnd

Knows engines by what they do only; those are in speech_endpoint.py and, offline, wherever a caller has one.
Tests: tests/serve/test_speech.py.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from soundflow.errors import SoundflowError
from soundflow.serve.speech_sentences import Sentences
from soundflow.stream.events import Error

_log = logging.getLogger(__name__)

Samples = NDArray[np.float32]

# Says a sentence: blocks of float32 [n] at the voice's rate, as they come. Raises a SoundflowError when it cannot.
Say = Callable[[str], Generator[Samples, None, None]]

MOST_SENTENCES = 24  # of one session that wait to be said; a reply beyond them stays text; chosen


@dataclass(frozen=True)
class SpeechDelta:
    """The next piece of a reply's sound: float32 [n] at the voice's rate, of one sentence."""

    reply: int
    samples: Samples
    sentence: str
    is_first: bool  # of that sentence


@dataclass(frozen=True)
class SpeechEnd:
    """A reply's sound is over: said as a whole, stopped by somebody, or broken by an engine."""

    reply: int
    outcome: Literal["whole", "cancelled", "failed"]


Spoken: TypeAlias = SpeechDelta | SpeechEnd | Error


class Voice:
    """An engine and the threads it works in, shared by all sessions.

    Args:
        say: the engine.
        rate: of what it says, Hz.
        threads: sentences said at once.
    """

    def __init__(self, say: Say, rate: int, threads: int = 1) -> None:
        self.say = say
        self.rate = rate
        self._pool = ThreadPoolExecutor(threads, "soundflow-voice")

    def work(self, job: Callable[[], object]) -> None:
        """Do it in one of the threads; after `close` nothing is done."""
        with contextlib.suppress(RuntimeError):
            self._pool.submit(job)

    def close(self) -> None:
        """Begin no further sentence."""
        self._pool.shutdown(wait=False, cancel_futures=True)


class Mouth:
    """What one session says. Safe to share between threads; no call waits for the engine.

    Args:
        voice: that says it.
        wake: called from the voice's thread when there is something to take.
    """

    def __init__(self, voice: Voice, wake: Callable[[], None] = lambda: None) -> None:
        self._voice = voice
        self.rate = voice.rate
        self.wake = wake
        self._changed = threading.Condition()
        self._writing: dict[int, Sentences] = {}  # replies whose text is not over
        self._queue: deque[tuple[int, str | None]] = deque()  # sentences in order; None ends a reply
        self._broken: set[int] = set()
        self._stopped: set[int] = set()  # cancelled while their text was being written
        self._out: deque[Spoken] = deque()
        self._saying: int | None = None
        self._is_at_work = False
        self._cancels = 0

    @property
    def is_idle(self) -> bool:
        """Whether everything is said and taken."""
        with self._changed:
            return not (self._writing or self._queue or self._out or self._is_at_work)

    def speak(self, reply: int, text: str) -> None:
        """More of a reply's text."""
        with self._changed:
            if reply not in self._stopped:
                self._add(reply, self._writing.setdefault(reply, Sentences()).feed(text))

    def finish(self, reply: int) -> None:
        """The reply's text is over; its `SpeechEnd` follows when it is said."""
        with self._changed:
            if reply in self._stopped:
                self._stopped.discard(reply)
                return
            self._add(reply, self._writing.pop(reply, Sentences()).end())
            self._queue.append((reply, None))
            self._go_on()

    def cancel(self) -> None:
        """Say no more of anything; each reply that was not over ends as cancelled."""
        with self._changed:
            self._cancels += 1
            stopped = dict.fromkeys([*(reply for reply, _ in self._queue), *self._writing])
            if self._saying is not None:
                stopped = {self._saying: None} | stopped
            self._stopped.update(self._writing)
            self._queue.clear()
            self._writing.clear()
            self._broken.clear()
            self._saying = None
            self._out.extend(SpeechEnd(reply, "cancelled") for reply in stopped)
            self._changed.notify_all()
        self.wake()

    def take(self) -> list[Spoken]:
        """What is there by now, in order."""
        with self._changed:
            out = list(self._out)
            self._out.clear()
            return out

    def wait(self, seconds: float) -> None:
        """Return when there is something to take, or after so many seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._out or not (self._queue or self._is_at_work), seconds)

    def _add(self, reply: int, sentences: list[str]) -> None:
        if reply in self._broken:
            return
        self._queue.extend((reply, sentence) for sentence in sentences)
        if len(self._queue) > MOST_SENTENCES:
            self._break(reply, "speech.behind", f"more than {MOST_SENTENCES} sentences wait to be said")
        self._go_on()

    def _break(self, reply: int, code: str, message: str) -> None:
        """Leave a reply at what was said of it; its end still comes in its turn."""
        self._broken.add(reply)
        self._queue = deque(entry for entry in self._queue if entry[0] != reply or entry[1] is None)
        self._out.append(Error(code, message, "the reply stays as text"))

    def _go_on(self) -> None:
        if self._queue and not self._is_at_work:
            self._is_at_work = True
            self._voice.work(self._say_next)

    def _say_next(self) -> None:
        """One sentence, in the voice's thread; then it is another session's turn."""
        with self._changed:
            reply, sentence = self._queue.popleft() if self._queue else (None, None)
            number, self._saying = self._cancels, reply
        try:
            if reply is not None and sentence is not None:
                self._say(reply, sentence, number)
        except SoundflowError as failure:
            self._failed(reply, number, failure.code, failure.message)
        except Exception as fault:
            _log.exception("the voice broke")
            self._failed(reply, number, "speech.internal", f"the voice broke: {type(fault).__name__}")
        with self._changed:
            if reply is not None and sentence is None and number == self._cancels:
                self._out.append(SpeechEnd(reply, "failed" if reply in self._broken else "whole"))
                self._broken.discard(reply)
            if number == self._cancels:
                self._saying = None
            self._is_at_work = False
            self._go_on()
            self._changed.notify_all()
        self.wake()

    def _say(self, reply: int, sentence: str, number: int) -> None:
        with contextlib.closing(self._voice.say(sentence)) as blocks:
            for place, block in enumerate(blocks):
                with self._changed:
                    if number != self._cancels:
                        return
                    self._out.append(SpeechDelta(reply, block, sentence, is_first=place == 0))
                    self._changed.notify_all()
                self.wake()

    def _failed(self, reply: int | None, number: int, code: str, message: str) -> None:
        with self._changed:
            if reply is not None and number == self._cancels:
                self._break(reply, code, message)


def in_one_block(say: Callable[[str], Samples]) -> Say:
    """An engine that says a whole sentence at a time, such as an offline one."""

    def blocks(sentence: str) -> Generator[Samples, None, None]:
        yield say(sentence)

    return blocks
