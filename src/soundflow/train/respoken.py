"""A stream behind the voice that opens another one: its first chunks, then this one's from there on.

What is learned about a spoken instruction, or about a voice that asks nothing, must not hang on the stream it was in
(docs/decisions/0019). Tests: tests/train/test_respoken.py.
"""

from __future__ import annotations

import numpy as np

from soundflow.data.opening import behind, has_own_chunks, opening_chunks, voice_of, without_opening
from soundflow.data.tasks.registry import SILENT_SUB_TASK
from soundflow.data.timeline import SAMPLE_RATE, Timeline
from soundflow.train.document import Piece, Samples, Sounding

NOTHING = ""  # is asked by a voice that is overheard


def asked_of(timeline: Timeline, is_aloud: bool) -> str | None:
    """What a stream asks, whether it is written or said: NOTHING where it is to be silent; None where no one can tell.

    A model that learns from every voice that asks for something must hear as many that do not.
    """
    if timeline.task == SILENT_SUB_TASK and timeline.instruction is None and not is_aloud:
        return NOTHING
    if is_aloud and not has_own_chunks(timeline):
        return None
    text = voice_of(timeline).content if is_aloud else timeline.instruction
    return text.casefold() if text else None


def opening_asks(timeline: Timeline, is_aloud: bool) -> str | None:
    """What the voice asks with which a stream opens, NOTHING where it is overheard; None where no voice does.

    A voice that does not have its chunks for itself does not count.
    """
    if not any(event.role == "foreground" for event in timeline.events):
        return None
    is_voice = voice_of(timeline).kind == "speech" and has_own_chunks(timeline)
    return asked_of(timeline, is_aloud) if is_voice and (is_aloud or timeline.instruction is None) else None


def respoken(sounding: Sounding, opening: Sounding) -> Sounding:
    """One stream behind the opening of another; both ask the same (`asked_of`, `opening_asks`) and have equal chunks.

    Args:
        sounding: what comes behind it; its own instruction is left out.
        opening: whose first chunks are taken, up to the one in which its voice ends.
    """
    said, rest = opening.timeline, sounding.timeline
    size = round(rest.chunk_seconds * SAMPLE_RATE)
    first = opening_chunks(said)
    start = opening_chunks(rest) * size if sounding.asks_aloud else 0
    pieces = (
        Piece(opening.key, _filled(opening.samples[: first * size], size)),
        Piece(sounding.key, _filled(sounding.samples, size), start),
    )
    samples = np.concatenate([piece.samples[piece.start :] for piece in pieces])
    written = without_opening(rest) if sounding.asks_aloud else rest
    timeline = behind(written, voice_of(said), first)
    return Sounding(f"{opening.key}+{sounding.key}", samples, timeline, opening.asks_aloud, pieces)


def _filled(samples: Samples, size: int) -> Samples:
    """Sound with its last chunk filled up."""
    return np.pad(samples, (0, -len(samples) % size))
