"""A model as a benchmark uses it: a fresh session over each stream. Tests: tests/bench/test_hearing.py."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from soundflow.bench.scoring import SpokenReply
from soundflow.model.bundle import Bundle
from soundflow.stream.events import Event, ReplyEnd, ReplyStart
from soundflow.stream.session import Session

Samples = NDArray[np.float32]


def session_listener(
    bundle: Bundle, instruction: str | None = None, threshold: float | None = None
) -> Callable[[Samples], list[SpokenReply]]:
    """A function from a stream [n], 16 kHz, to the replies of a fresh session over it.

    Args:
        instruction: None takes the model's default.
        threshold: p(response) from which it speaks; None takes the model's.
    """

    def listen(samples: Samples) -> list[SpokenReply]:
        with Session(bundle, instruction=instruction, threshold=threshold) as session:
            return spoken([*session.feed(samples), *session.end()])

    return listen


def instructed_listener(
    bundle: Bundle, threshold: float | None = None
) -> Callable[[Samples, str | None], list[SpokenReply]]:
    """A function from a stream [n] and what is asked of it to the replies of a fresh session over it."""

    def listen(samples: Samples, instruction: str | None) -> list[SpokenReply]:
        return session_listener(bundle, instruction, threshold)(samples)

    return listen


def spoken(events: Iterable[Event]) -> list[SpokenReply]:
    """Replies out of a session's events, each at the stream time at which it started, and when its first text came."""
    starts: dict[int, float] = {}
    found: list[SpokenReply] = []
    for event in events:
        if isinstance(event, ReplyStart):
            starts[event.reply] = event.at
        elif isinstance(event, ReplyEnd):
            after = None if event.first_text_ms is None else event.first_text_ms / 1e3
            found.append(SpokenReply(starts[event.reply], event.text, after))
    return found
