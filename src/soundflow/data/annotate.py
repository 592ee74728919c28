"""Annotation: a timeline becomes token ids and two rows of labels (paper, Algorithm "Streaming Sample Tokenization").

Every position has exactly one of: masked, y_stream, y_LM (ruling 5). Flush replay (ruling 4): chunks that arrive
while a reply is being spoken are forced silent and masked; a response due there moves to the flush's last chunk.
Tests: tests/data/test_annotate.py.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from soundflow.data.timeline import Reply
from soundflow.errors import InputError
from soundflow.model.tokens import Grammar

MASK = -100  # label of a position that is not supervised (release: MASK)

Ids = NDArray[np.int64]


@dataclass(frozen=True)
class AnnotatedStream:
    """One stream in tokens; row j of the labels belongs to token j itself (the loss shifts by one).

    Shapes: `input_ids`, `y_stream`, `y_lm` int64 [positions]; `is_audio` bool [positions], True at audio slots in
    stream order; `decision_at` int64 [chunks], the position of each chunk's control token.
    """

    input_ids: Ids
    y_stream: Ids
    y_lm: Ids
    is_audio: NDArray[np.bool_]
    decision_at: Ids


@dataclass
class _Rows:
    ids: list[int] = field(default_factory=list)
    stream: list[int] = field(default_factory=list)
    lm: list[int] = field(default_factory=list)
    audio: list[bool] = field(default_factory=list)

    def masked(self, ids: Sequence[int], audio_pad: int | None = None) -> None:
        for i in ids:
            self._one(i, MASK, MASK, audio_pad is not None and i == audio_pad)

    def control(self, token: int) -> None:
        self._one(token, token, MASK, False)

    def text(self, ids: Sequence[int]) -> None:
        for i in ids:
            self._one(i, MASK, i, False)

    def _one(self, token: int, stream: int, lm: int, audio: bool) -> None:
        self.ids.append(token)
        self.stream.append(stream)
        self.lm.append(lm)
        self.audio.append(audio)


def annotate(
    instruction: str | None,
    chunks: int,
    responses: Sequence[tuple[int, Reply]],
    grammar: Grammar,
    tokens_per_chunk: float = math.inf,
) -> AnnotatedStream:
    """Write one stream in tokens with both label rows.

    Args:
        instruction: the prefix's text; None stands for the model's default.
        chunks: number of chunks in the stream.
        responses: (0-based chunk, reply), sorted by chunk; two at one chunk follow each other at the next decisions.
        grammar: the model's vocabulary and chunk block.
        tokens_per_chunk: how many text tokens are spoken while one chunk arrives; infinity is instantaneous.

    Raises:
        InputError: a response outside the stream, or out of order.

    Source: paper, Algorithm "Streaming Sample Tokenization and Label Construction"; rulings 3 and 4.
    """
    _check(chunks, responses)
    rows, decision_at = _Rows(), []
    rows.masked(grammar.prefix(instruction))
    due, waiting = deque(responses), deque[Reply]()
    forced = 0  # chunks still to be forced silent before the flush's last one is decided
    for chunk in range(chunks):
        rows.masked(grammar.chunk_block(), grammar.control.audio_pad)
        decision_at.append(len(rows.ids))
        while due and due[0][0] == chunk:
            waiting.append(due.popleft()[1])
        if forced:
            rows.masked([grammar.control.silent])
            forced -= 1
        elif waiting:
            spoken = grammar.reply(waiting[0].text, waiting.popleft().emotion)
            rows.control(grammar.control.response)
            rows.text(spoken)
            forced = max(0, math.floor(len(spoken) / tokens_per_chunk) - 1)
        else:
            rows.control(grammar.control.silent)
    return AnnotatedStream(
        np.array(rows.ids, np.int64),
        np.array(rows.stream, np.int64),
        np.array(rows.lm, np.int64),
        np.array(rows.audio, np.bool_),
        np.array(decision_at, np.int64),
    )


def read_back(stream: AnnotatedStream, grammar: Grammar) -> list[tuple[int, Reply]]:
    """The responses a stream holds, as `annotate` was given them when nothing had to move."""
    found: list[tuple[int, Reply]] = []
    for chunk, at in enumerate(stream.decision_at):
        if stream.input_ids[at] != grammar.control.response:
            continue
        ids = [int(i) for i in stream.input_ids[at + 1 :]]
        ids = ids[: ids.index(grammar.control.eos)]
        emotion = grammar.control.emotion_of(ids[0]) if ids else None
        text = grammar.tokenizer.decode(ids[1:] if emotion else ids)
        found.append((chunk, Reply(text, emotion)))
    return found


def _check(chunks: int, responses: Sequence[tuple[int, Reply]]) -> None:
    order = [chunk for chunk, _ in responses]
    if order != sorted(order) or any(not 0 <= chunk < chunks for chunk in order):
        raise InputError(
            "annotate.responses",
            f"responses at chunks {order} of a stream of {chunks}",
            "sort them, and keep them inside the stream",
        )
