"""What sounds in each chunk of a stream, in the tokens that name it: dense targets beside the paper's loss.

While training, the decoder's row at each decision names what sounds there: the words that are said, the instrument that
plays, or the sound. The loss is ours (docs/decisions/0015). Tests: tests/train/test_hearing.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from soundflow.data.annotate import MASK, AnnotatedStream
from soundflow.data.tasks.subtasks.words import spelled
from soundflow.data.timeline import StreamEvent, Timeline, chunk_of
from soundflow.model.tokens import Grammar

LAG_CHUNKS = 1  # a word may still be named so much later; chosen
QUIET_WEIGHT = 0.3  # of a chunk in which nothing sounds, against one that must be named; chosen


@dataclass(frozen=True)
class Heard:
    """What rows of the decoder should name: `rows`, `ids` int64 [n], `weights` float32 [n]; a row may stand twice."""

    rows: NDArray[np.int64]
    ids: NDArray[np.int64]
    weights: NDArray[np.float32]


NOTHING = Heard(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32))


def heard_in(timeline: Timeline, tokens: AnnotatedStream, chunks: int, grammar: Grammar) -> Heard:
    """What the row of each chunk's decision should name; of several tokens each gets its share.

    A sound counts from its onset to its cue: later the reply, or that there was none, tells what it is
    (docs/decisions/0005). A word counts when its letters are reckoned to be said and one chunk longer. Chunks with
    speech of which nobody knows the words are left out. Where nothing of the foreground sounds, the name is <silent>.

    Args:
        chunks: how many are heard.
    """
    names: list[set[int]] = [set() for _ in range(chunks)]
    known = np.ones(chunks, bool)
    for event in timeline.events:
        if event.role != "foreground":
            continue
        first, last = (chunk_of(at, timeline.chunk_seconds) for at in (event.onset + 1e-4, event.end))
        cue = chunk_of(event.cue, timeline.chunk_seconds)
        if event.kind == "speech":
            known[first : last + 1] &= bool(event.content)
            for start, end, ids in spoken_tokens(event, grammar):
                begins, ends = (chunk_of(at, timeline.chunk_seconds) for at in (start + 1e-4, end))
                for chunk in range(begins, min(ends + LAG_CHUNKS, cue, chunks - 1) + 1):
                    names[chunk].update(ids)
        else:
            known[cue + 1 : last + 1] = False
            ids = grammar.tokenizer.encode(event.content or event.label.replace("_", " "))
            for chunk in range(first, min(cue, chunks - 1) + 1):
                names[chunk].update(ids)
    rows, named, weights = [], [], []
    for chunk in map(int, np.flatnonzero(known)):
        wanted = sorted(names[chunk]) or [grammar.control.silent]
        rows += [int(tokens.decision_at[chunk]) - 1] * len(wanted)
        named += wanted
        weights += [(1.0 if names[chunk] else QUIET_WEIGHT) / len(wanted)] * len(wanted)
    return Heard(np.array(rows, np.int64), np.array(named, np.int64), np.array(weights, np.float32))


def spoken_tokens(event: StreamEvent, grammar: Grammar) -> list[tuple[float, float, list[int]]]:
    """Start and end in seconds of stream of each word that is said, by its letters' share of the whole; its tokens."""
    text = (event.content or "").lower()
    words = spelled(text, "en" if text.isascii() else "zh")
    ends = [event.onset + word.share * (event.end - event.onset) for word in words]
    starts = [event.onset, *ends][: len(ends)]
    texts = [word.reply.text.strip(".,?!。，？！、") for word in words]
    return [
        (start, end, grammar.tokenizer.encode(f" {text}" if text.isascii() else text))
        for start, end, text in zip(starts, ends, texts, strict=True)
        if text
    ]


def only_sound(chunks: int, grammar: Grammar) -> AnnotatedStream:
    """A stream of which nothing is asked but to hear it: audio slots, no other token, nothing decided."""
    each = grammar.audio_positions
    ids = np.full(chunks * each, grammar.control.audio_pad, np.int64)
    masked = np.full(len(ids), MASK, np.int64)
    return AnnotatedStream(ids, masked, masked, np.ones(len(ids), bool), np.arange(1, chunks + 1) * each)


def hearing_loss(logits: Tensor, places: Tensor, ids: Tensor, weights: Tensor) -> Tensor:
    """The weighted sum of what it costs to name what is heard.

    Args:
        logits: [rows, vocabulary].
        places: int64 [n], which of these rows; ids: int64 [n], what it should name; weights: float32 [n].
    """
    named = logits.float().log_softmax(-1)[places, ids]
    return -(named * weights).sum()


def joined(parts: list[Heard], starts: list[int]) -> tuple[Tensor, Tensor, Tensor]:
    """Several streams' targets in one row, each begun at its place: rows, ids, weights."""
    placed = [part.rows + start for part, start in zip(parts, starts, strict=True)]
    return (
        torch.from_numpy(np.concatenate(placed)),
        torch.from_numpy(np.concatenate([part.ids for part in parts])),
        torch.from_numpy(np.concatenate([part.weights for part in parts])),
    )
