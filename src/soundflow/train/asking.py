"""Which part of a stream can be asked about as a recording, and what the answer is.

Tests: tests/train/test_asking.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from soundflow.data.tasks.registry import ASKED_ABOUT_A_CLIP
from soundflow.data.timeline import Reply, Timeline, chunks_with, said_of

WHOLE_SHARE = 0.5  # of the streams with one reply whose event could be asked about alone; chosen


@dataclass(frozen=True)
class Recording:
    """Chunks of a stream that are heard as a recording of their own, and what is answered about them.

    `due` is the chunk, from the recording's own 0, at which a stream would have answered, which may lie behind its end;
    the first behind it where the answer came in pieces.
    """

    chunks: range
    answer: Reply
    due: int


def recording_asked_about(timeline: Timeline, chunks: int, rng: np.random.Generator) -> Recording | None:
    """A recording out of the first chunks of a stream: all of them where one reply is due, or one event's.

    An event is asked about alone where the sub-task answers each by itself and the question is a text: a clip does not
    hold a spoken one. None where neither makes sense.

    Args:
        chunks: how many of the stream are heard.
        rng: draws the event, and between the two.
    """
    responses = [(chunk, reply, event) for chunk, reply, event in timeline.responses if chunk < chunks]
    if not responses:
        return None
    first = responses[0]
    whole = Recording(range(chunks), first[1], first[0]) if len(responses) == 1 else None
    if timeline.task not in ASKED_ABOUT_A_CLIP or timeline.instruction is None:
        return whole
    if whole is not None and rng.random() < WHOLE_SHARE:
        return whole
    answered = sorted({event for _, _, event in responses})
    event = answered[int(rng.integers(len(answered)))]
    held = chunks_with(timeline.events[event], timeline.chunk_seconds)
    if held.stop > chunks:
        return whole
    said = [(chunk, reply) for chunk, reply, about in responses if about == event]
    due, answer = said[0] if len(said) == 1 else (held.stop, Reply(said_of(timeline, event)))
    return Recording(held, answer, due - held.start)
