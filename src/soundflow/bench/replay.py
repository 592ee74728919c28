"""A recorded stream played again: the same sound, the same flushes, and every token compared.

Tests: tests/bench/test_replay.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from soundflow.errors import InputError
from soundflow.model.bundle import Bundle
from soundflow.stream.decoding import Decoding
from soundflow.stream.fifo import TEXT_STEP, Flush
from soundflow.stream.perception import EncodedChunk, Perception
from soundflow.stream.recording import RecordedStep, Recording, step_of
from soundflow.stream.snapshot import fingerprint


@dataclass(frozen=True)
class ReplayReport:
    """`is_equal` when every step gave the recorded token and the same p(response), bit for bit.

    `first_difference` is the number of the first step that did not, from 0; `largest_p_difference` is over decisions.
    """

    steps: int
    decisions: int
    tokens: int
    is_equal: bool
    first_difference: int | None
    largest_p_difference: float
    is_whole: bool

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def replay(bundle: Bundle, recording: Recording) -> ReplayReport:
    """Play a recording and compare.

    After the first other token the streams would differ anyway, so that it ends there.

    Raises:
        InputError: it was made with another model or arithmetic (`replay.model`), or asks for sound that it does not
            hold (`replay.sound`).
    """
    if recording.model != fingerprint(bundle):
        found = f"a recording that was made with another model than {bundle.name}"
        raise InputError("replay.model", found, "load the model, in the arithmetic, that it was made with")
    first, largest, done = None, 0.0, 0
    for i, (kept, found_step) in enumerate(zip(recording.steps, _played(bundle, recording), strict=False)):
        done = i + 1
        if kept.p_response is not None and found_step.p_response is not None:
            largest = max(largest, abs(kept.p_response - found_step.p_response))
        if first is None and kept != found_step:
            first = i
        if (kept.kind, kept.tokens) != (found_step.kind, found_step.tokens):
            break
    decisions = sum(step.p_response is not None for step in recording.steps[:done])
    tokens = sum(step.p_response is None for step in recording.steps[:done])
    return ReplayReport(done, decisions, tokens, first is None, first, largest, recording.is_whole)


def _played(bundle: Bundle, recording: Recording) -> Iterator[RecordedStep]:
    """Each step done again."""
    chunks = _encoded(bundle, recording)
    limits = (recording.max_reply_tokens, recording.remembered_reply_tokens)
    decoding = Decoding(bundle, recording.instruction, 0.0, *limits)
    for step in recording.steps:
        decoding.threshold = step.threshold
        for change in step.changes:
            change.apply(decoding)
        if step.is_cancel:
            yield step_of(decoding, None, (), decoding.cancel())
        elif step.chunks:
            flush = Flush(tuple(_chunk(chunks, index) for index in step.chunks))
            yield step_of(decoding, flush, step.changes, decoding.run(flush))
        else:
            yield step_of(decoding, TEXT_STEP, (), decoding.run(TEXT_STEP))


def _encoded(bundle: Bundle, recording: Recording) -> list[EncodedChunk]:
    perception = Perception(bundle)
    whole = [c for piece in perception.pieces(recording.sound) for c in perception.hear(piece, 0.0)]
    return whole + perception.end(0.0)


def _chunk(chunks: list[EncodedChunk], index: int) -> EncodedChunk:
    if not 0 <= index < len(chunks):
        found = f"chunk {index} of a recording that holds {len(chunks)}"
        raise InputError("replay.sound", found, "the file is not what was recorded")
    return chunks[index]
