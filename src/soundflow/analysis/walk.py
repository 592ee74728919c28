"""One stream gone through as a session goes through it, and written down so that it can be looked at again.

A walk keeps each chunk's features and what was said behind it; a passage is a stretch of a walk as one sequence, which
a single pass of the decoder turns into every decision at once. Tests: tests/analysis/test_walk.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from soundflow.errors import InputError
from soundflow.model.bundle import Bundle
from soundflow.stream.decoding import Decided, Decoding, prefix_of
from soundflow.stream.fifo import TEXT_STEP, Flush, TokenKind
from soundflow.stream.perception import EncodedChunk, MelChunk, Perception

Samples = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Step:
    """One chunk: log-mel [mel bins, frames], features [audio positions, decoder width], and what came of it.

    `tokens` are the control token and the reply behind it; `context` counts the chunks in the window when it was
    decided, itself included.
    """

    mel: Tensor
    features: Tensor
    tokens: tuple[int, ...]
    p_response: float
    context: int


@dataclass(frozen=True, eq=False)
class Walk:
    """A whole stream, chunk by chunk, behind the ids of its prefix."""

    prefix: tuple[int, ...]
    steps: tuple[Step, ...]
    threshold: float


@dataclass(frozen=True, eq=False)
class Passage:
    """Chunks `first` and later of a walk as one sequence behind the prefix; the last one's decision is left open.

    rows: [positions, decoder width], the input of the decoder.
    decisions: int64 [chunks], the place from whose hidden row each chunk is decided.
    sound: int64 [chunks, audio positions], the places of each chunk's sound.
    """

    rows: Tensor
    decisions: Tensor
    sound: Tensor
    first: int


def walk(bundle: Bundle, samples: Samples, instruction: str | None = None, threshold: float | None = None) -> Walk:
    """Hear a stream as a session does that speaks each reply before it hears on.

    Args:
        samples: float32 [n], 16 kHz mono; the last chunk is padded with zeros.

    Raises:
        InputError: there is no sound at all (`analysis.empty`).
        UsageError: threshold or instruction make no sense.
    """
    config = bundle.config
    limit = config.response_threshold if threshold is None else threshold
    decoding = Decoding(bundle, instruction, limit, config.max_reply_tokens)
    steps = tuple(_step(bundle, decoding, chunk) for chunk in _mel_chunks(bundle, samples))
    if not steps:
        raise InputError("analysis.empty", "the stream holds no sound", "name a recording with sound in it")
    return Walk(tuple(prefix_of(bundle, instruction)), steps, limit)


def passage(bundle: Bundle, found: Walk, first: int, last: int) -> Passage:
    """Chunks `first` to `last`, both included, with all that was said between them."""
    network, block = bundle.network, bundle.grammar.chunk_block()
    positions = bundle.config.audio_positions
    ids, decisions, sound = list(found.prefix), [], []
    for index in range(first, last + 1):
        sound.append(range(len(ids) + 1, len(ids) + 1 + positions))
        ids += block
        decisions.append(len(ids) - 1)
        if index < last:
            ids += found.steps[index].tokens
    places = torch.tensor(sound)
    with torch.no_grad():
        rows = network.embed(torch.tensor(ids)).clone()
        features = torch.stack([step.features for step in found.steps[first : last + 1]])
        rows[places] = features.to(rows)
    return Passage(rows, torch.tensor(decisions), places, first)


def passages(bundle: Bundle, found: Walk) -> Iterator[Passage]:
    """The whole walk; one that is longer than the model's window is cut into windows, each heard afresh."""
    size = bundle.config.max_chunks
    for first in range(0, len(found.steps), size):
        yield passage(bundle, found, first, min(first + size, len(found.steps)) - 1)


def decision_passage(bundle: Bundle, found: Walk, chunk: int) -> Passage:
    """What lay in the window when a chunk was decided.

    The session's own figure is met but for rounding while nothing was forgotten; later its cache still holds traces of
    what was, and this does not.

    Raises:
        InputError: the stream has no such chunk (`analysis.chunk`).
    """
    if not 0 <= chunk < len(found.steps):
        hint = f"chunks 0 to {len(found.steps) - 1} are there"
        raise InputError("analysis.chunk", f"there is no chunk {chunk} in the stream", hint)
    return passage(bundle, found, chunk - found.steps[chunk].context + 1, chunk)


def likeliest(found: Walk) -> int:
    """The chunk with the highest p(response), the first among equals."""
    return max(range(len(found.steps)), key=lambda k: (found.steps[k].p_response, -k))


def _mel_chunks(bundle: Bundle, samples: Samples) -> Iterator[MelChunk]:
    perception = Perception(bundle)
    for piece in perception.pieces(samples):
        yield from perception.listen(piece, 0.0)
    yield from perception.rest(0.0)


def _step(bundle: Bundle, decoding: Decoding, chunk: MelChunk) -> Step:
    with torch.no_grad():  # not inference mode: what is kept may be looked at with gradients
        features = bundle.network.encode(chunk.mel.unsqueeze(0))
    outcome = decoding.run(Flush((EncodedChunk(chunk.index, features, 0.0),)))
    assert isinstance(outcome, Decided)
    context = decoding.window_chunks
    kind = outcome.kind
    while not kind.is_interruption_point:
        kind = decoding.run(TEXT_STEP).kind
    assert kind in (TokenKind.SILENT, TokenKind.EOS)
    return Step(chunk.mel, features[0], decoding.newest_tokens, outcome.p_response, context)
